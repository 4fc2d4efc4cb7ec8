"""The route that shows a page of a PDF as it looks. Nothing of the file is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel

from oncogloss.readers.protocol import page_picture
from oncogloss.readers.protocol_pdf import MAX_PAGES
from oncogloss.service.bodies import BODY
from oncogloss.service.handling import engine_of

_PDF = {
    "requestBody": {
        "required": True,
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class PagePicture(BaseModel):
    """A page: how many the PDF has, its width and height in points as in `Document.layout`, a PNG in base64."""

    pages: int
    width: float
    height: float
    png: str


def picture_routes(app: FastAPI) -> None:
    """Add it to the application."""

    @app.post("/v1/page", openapi_extra=_PDF)
    async def page(request: Request, page: Annotated[int, Query(ge=1, le=MAX_PAGES)] = 1) -> PagePicture:
        """The picture of a PDF's page, counted from 1."""
        data = await request.body()
        picture = await engine_of(request).run(lambda: page_picture(data, page, BODY))
        body = PagePicture(**picture._asdict()).model_dump_json()
        return Response(body, media_type="application/json")  # type: ignore[return-value]
