"""A process of its own for tests of many writers and of sudden death: `worker.py WHAT ROOT …`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from assay.kernels.ids import as_ids
from assay.store import heads
from assay.store.commit import Draft, commit
from assay.store.local import LocalStorage
from tests.store.drafts import TIME, Registry, id_of


def put(root: str, who: str, count: str) -> None:
    """Try to be the first on each of `count` keys; tell which were won."""
    storage = LocalStorage(Path(root))
    won = [n for n in range(int(count)) if storage.put_if_absent(f"log/{n}", who.encode())]
    sys.stdout.write(" ".join(map(str, won)))


def commits(root: str, who: str, count: str, dataset: str) -> None:
    """Add `count` examples, one a commit, to a dataset that others add to as well; tell of each."""
    registry = Registry(LocalStorage(Path(root)), create=False)
    for number in range(int(count)):
        now = heads.head(registry.log.entries(), dataset)
        base = registry.objects.manifest(now.manifest) if now else None
        text = f"{who} wrote {number}"
        ids = registry.held(base) if base else {}
        ids.setdefault("train", set()).add(id_of(text))
        splits = {split: as_ids(sorted(held)) for split, held in ids.items()}
        draft = Draft(dataset, base, splits, registry.segments([text]), commutes=True)
        commit(registry.objects, registry.log, draft, actor=who, time=TIME)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    {"put": put, "commits": commits}[sys.argv[1]](*sys.argv[2:])
