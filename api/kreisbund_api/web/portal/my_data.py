"""„Meine Daten": all that the county keeps about the person (Art. 15 DSGVO), to read, to print and as JSON."""

from starlette.responses import JSONResponse, Response

from kreisbund_api.web.visits import Page, Visit, ask, show


async def report(visit: Visit) -> Response:
    """The report as a page that prints well."""
    return show(visit, "portal/my_data.html", found=(await ask(visit, "my_data"))["myData"])


async def download(visit: Visit) -> Response:
    """The same for a program (Art. 20 DSGVO)."""
    found = (await ask(visit, "my_data"))["myData"]
    headers = {"Content-Disposition": 'attachment; filename="meine-daten.json"', "Cache-Control": "no-store"}
    return JSONResponse(found, headers=headers)


PAGES = (Page("/my-data", report, login=True), Page("/my-data.json", download, login=True))
