"""Users and their sessions, as clients and the service send them: for OpenAPI and the player's types."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from segue.serve.api.request_models import Name, Request, Yes
from segue.serve.api.track_models import EpochS, with_example
from segue.serve.http.inputs import TEXT
from segue.users.passwords import LONGEST, SHORTEST

_ID = "0c81d5aa90fe4417"
_USER: dict[str, Any] = {
    "id": _ID, "name": "Anna", "admin": False, "owner": False, "has_app_password": True,
    "created_at": 1767225600.0,
}  # fmt: skip
NewPassword = Annotated[str, StringConstraints(min_length=SHORTEST, max_length=LONGEST, pattern=TEXT)]
OldPassword = Annotated[str, StringConstraints(max_length=1000)]


def _request(**values: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


class LoginRequest(Request):
    model_config = _request(name="Anna", password="correct horse battery staple")

    name: Annotated[Name | None, Field(description="Where the library has users")] = None
    password: OldPassword


class NewUserRequest(Request):
    model_config = _request(name="Anna", password="correct horse battery staple", admin=False)

    name: Name
    password: NewPassword
    admin: Annotated[Yes, Field(description="May scan, change settings and manage users")] = False


class RightsRequest(Request):
    model_config = _request(admin=True)

    admin: Annotated[Yes, Field(description="May scan, change settings and manage users")]


class PasswordRequest(Request):
    model_config = _request(password="correct horse battery staple")

    password: NewPassword


class OwnPasswordRequest(Request):
    model_config = _request(old="sesame, please", new="correct horse battery staple")

    old: OldPassword
    new: NewPassword


class User(BaseModel):
    """One who shares the library."""

    model_config = with_example(**_USER)

    id: str
    name: str
    admin: Annotated[bool, Field(description="May scan, change settings and manage users")]
    owner: Annotated[bool, Field(description="What was kept before there were users is theirs")]
    has_app_password: Annotated[bool, Field(description="Whether apps can log in by OpenSubsonic")]
    created_at: EpochS


class UserAnswer(BaseModel):
    user: User


class Users(BaseModel):
    users: list[User]


class Session(BaseModel):
    model_config = with_example(needed=True, logged_in=True, by_name=True, user=_USER)

    needed: Annotated[bool, Field(description="Whether the service wants a password")]
    logged_in: bool
    by_name: Annotated[bool, Field(description="Whether the library has users, who log in by their names")]
    user: Annotated[User | None, Field(description="Who is logged in")]


class UserSession(BaseModel):
    """A user in a browser."""

    model_config = with_example(
        id="5f8d3c2b7a1e4d60", app="Firefox on Linux", client="192.168.1.20", created_at=1767225600.0,
        seen_at=1767312000.0, current=True,
    )  # fmt: skip

    id: str
    app: Annotated[str, Field(description="The browser and its system")]
    client: Annotated[str, Field(description="Its address when it logged in")]
    created_at: EpochS
    seen_at: Annotated[float, Field(description="Seconds since 1970, within an hour")]
    current: Annotated[bool, Field(description="Whether this request came by it")]


class UserSessions(BaseModel):
    sessions: list[UserSession]


class AppPassword(BaseModel):
    model_config = with_example(app_password="q3Wc0eXvO0uHn3m5kQ7sJr1yTg8LzB2d")

    app_password: str
