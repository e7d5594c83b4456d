"""Print lines for `expected.txt`: what each page does now for which nothing is expected yet.

python -m pytest -q -s tests/rights/draft.py

Each line is to be read before it is added: it says what is, and not what should be.
"""

from collections import defaultdict

from tests.rights import addresses, expected, sweep, world
from tests.rights.sweep import Question


def test_print_what_is_missing(db, sandbox):
    built = world.build()
    for page in addresses.routes():
        for method in ("GET", "POST"):
            for asked in sweep.questions(method, page):
                for line in _lines(built, method, page, asked):
                    print(line)


def _lines(built, method, page, asked):
    """The lines of one question, if it has none."""
    if (method, page, asked) in expected.table():
        return []
    kind = world.kind(page)
    objects = built.keys[kind] if kind else {"-": ""}
    names = defaultdict(list)
    for name, key in objects.items():
        question = Question(method, page, asked, key)
        answers = (sweep.ask(built, who, question).status for who in expected.columns())
        names[tuple(answers)].append(name)
    return [
        f"{method:6} {page:42} {asked:10} {','.join(those):18}| {'  '.join(answers)}"
        for answers, those in names.items()
    ]
