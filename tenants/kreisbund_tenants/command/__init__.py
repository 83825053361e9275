"""The command line of the tenants' side: `python -m kreisbund_tenants.command <verb> …`.

One module per verb, each with `add_parser(subparsers)` and `run(args) -> int`; `__main__.VERBS` names them.
Exit status: 0 done; 1 with one clear line on stderr; 2 wrong usage.
"""
