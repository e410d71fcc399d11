"""One REST call and its answer, the same for a request of its own and for a part of a composite request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.sandbox.salesforce.errors import SalesforceError


@dataclass(frozen=True)
class Call:
    """A request below /services/data/vNN.N, its path split and decoded."""

    method: str
    version: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    #: names in lower case
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"/services/data/v{self.version}"

    def given(self) -> dict[str, Any]:
        """The body as an object. Raises JSON_PARSER_ERROR."""
        if not isinstance(self.body, dict):
            raise SalesforceError(
                "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body."
            )
        return self.body

    def batch(self) -> int:
        """Records per page of a query; Salesforce keeps the wish within 200 and 2,000."""
        for part in self.headers.get("sforce-query-options", "").split(","):
            name, _, value = part.partition("=")
            if name.strip().lower() == "batchsize" and value.strip().isdigit():
                return min(2000, max(200, int(value)))
        return 2000


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.status >= 300


def parse_body(raw: bytes) -> Any:
    """JSON with exact numbers; None for an empty body. Raises JSON_PARSER_ERROR."""
    if not raw.strip():
        return None
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise SalesforceError("JSON_PARSER_ERROR", f"Unexpected character or end of input: {error}") from None


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def truth(text: str | None) -> bool:
    return (text or "").lower() == "true"
