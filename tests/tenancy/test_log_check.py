"""What would let personal data into the database's log is named; our own server lets none in."""

from kreisbund_infra.local.postgres import SETTINGS
from kreisbund_platform.tenancy.log_check import HARMLESS, talkative_settings


class Server:
    """A server with these settings, as `pg_settings` tells them."""

    def __init__(self, **settings):
        self.settings = settings

    def execute(self, _statement, values):
        return [(name, self.settings[name]) for name in values[0] if name in self.settings]


def test_our_own_server_is_silent(deployment):
    with deployment.database.owner() as connection:
        assert talkative_settings(connection) == []
        names = {name for (name,) in connection.execute("SELECT name FROM pg_settings").fetchall()}
    assert set(HARMLESS) <= names, "a setting's name is spelled as the server spells it"
    assert SETTINGS["log_min_messages"] in HARMLESS["log_min_messages"]


def test_each_talkative_setting_is_named():
    found = talkative_settings(Server(log_min_messages="warning", log_statement="all", log_min_error_statement="panic"))
    assert {each.finding.split()[0] for each in found} == {"log_min_messages", "log_statement"}
