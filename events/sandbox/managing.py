"""The operations on datasets: list, create, read, rename or publish, delete."""

import uuid
from datetime import UTC, datetime
from typing import Any

from events.payload import rfc3339
from events.sandbox.asking import flag
from events.sandbox.datasets import Dataset
from events.sandbox.desk import Call, Desk
from events.sandbox.messages import Answer, refuse_code, refuse_field


def list_datasets(desk: Desk, call: Call) -> Answer:
    """`GET …/dataset`: deleted ones only with `includeDeleted=true`."""
    has_deleted = flag(call.query, "includeDeleted", False)
    found = [each for each in desk.ledger.datasets() if has_deleted or not each.deleted_at]
    return Answer([dataset.to_wire() for dataset in found])


def create_dataset(desk: Desk, call: Call) -> Answer:
    """`POST …/dataset/create`: a new dataset; a name that is taken is refused."""
    name, is_public = _read_body(desk, call)
    dataset = Dataset(str(uuid.uuid4()), name, is_public)
    desk.ledger.add_datasets([dataset])
    return Answer(dataset.to_wire())


def read_dataset(desk: Desk, call: Call) -> Answer:
    """`GET …/dataset/{dataset_id}`: deleted ones are not there."""
    return Answer(_held(desk, call).to_wire())


def edit_dataset(desk: Desk, call: Call) -> Answer:
    """`PATCH …/dataset/{dataset_id}`: another name, another visibility, or both."""
    held = _held(desk, call)
    name, is_public = _read_body(desk, call, held)
    changed = held._replace(name=name, is_public=is_public)
    desk.ledger.put_dataset(changed)
    return Answer(changed.to_wire())


def delete_dataset(desk: Desk, call: Call) -> Answer:
    """`DELETE …/dataset/{dataset_id}`: it stays in the list of those that were deleted."""
    held = _held(desk, call)
    desk.ledger.put_dataset(held._replace(deleted_at=rfc3339(datetime.now(UTC))))
    return Answer({"name": held.name, "uuid": held.uuid})


def _held(desk: Desk, call: Call) -> Dataset:
    dataset = desk.ledger.dataset(call.params["dataset_id"])
    if dataset is None or dataset.deleted_at:
        raise refuse_code(404, 7003, f"There is no dataset {call.params['dataset_id']}.")
    return dataset


def _read_body(desk: Desk, call: Call, own: Dataset | None = None) -> tuple[str, bool]:
    body: dict[str, Any] = call.json()
    name, is_public = body.get("name"), body.get("isPublic")
    if not isinstance(name, str) or not name.strip():
        raise refuse_field("name", "is required. Write what the dataset is called.")
    if not isinstance(is_public, bool):
        raise refuse_field("isPublic", "has to be true or false.")
    others = [each for each in desk.ledger.datasets() if own is None or each.uuid != own.uuid]
    if any(each.name == name for each in others):
        raise refuse_field("name", "there is a dataset of that name.")
    return name, is_public
