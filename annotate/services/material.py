"""Write one batch of checked rows: prompts, responses and pairs, each only where it is not here yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations

from django.db.models import QuerySet

from annotate.formats.hashes import messages_hash, text_hash
from annotate.formats.leaks import first_leak
from annotate.formats.rows import ImportedPrompt, ImportedResponse, RowError
from annotate.formats.texts import id_key
from annotate.models import Pair, Project, Prompt, Response
from annotate.services.labels import OTHER_SIDE, Labelled, add_labels

ResponseKey = tuple[int, str, str]
PairKey = tuple[int, int]


@dataclass(frozen=True)
class Added:
    """How many rows were new."""

    prompts: int = 0
    responses: int = 0
    pairs: int = 0
    labels: int = 0

    def __add__(self, other: "Added") -> "Added":
        return Added(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def __str__(self) -> str:
        return f"{self.prompts} prompts, {self.responses} responses, {self.pairs} pairs, {self.labels} labels"


def add_batch(project: Project, hold: Project, rows: list[ImportedPrompt]) -> Added:
    """Write what of the rows is new to the project into `hold`, as the project's settings are, and return how much.

    Call inside a transaction.
    """
    prompts, n_prompts = _add_prompts(project, hold, rows)
    responses, n_responses = _add_responses(project, hold, rows, prompts)
    pairs, n_pairs = _add_pairs(project, hold, rows, prompts, responses)
    labelled = _labelled(rows, prompts, responses, pairs)
    return Added(n_prompts, n_responses, n_pairs, add_labels(project, hold, labelled))


def conflicts(project: Project, rows: list[ImportedPrompt]) -> list[RowError]:
    """Return the rows whose id is here already with other content, which is never overwritten, and those that bring a
    gold answer where none is asked.
    """
    keys = {id_key(row.external_id) for row in rows if row.external_id}
    pairs = Pair.objects.filter(project=project, external_key__in=keys).select_related("prompt", "first", "second")
    prompts = Prompt.objects.filter(project=project, external_key__in=keys)
    here = {(True, pair.external_key): _content(pair.prompt.text_hash, (pair.first, pair.second)) for pair in pairs}
    here |= {(False, prompt.external_key): _content(prompt.text_hash, ()) for prompt in prompts}
    useless = [_useless_gold(row) for row in rows if row.gold and project.asks_for_rankings]
    return useless + [error for row in rows if (error := _conflict(row, here))]


def _conflict(row: ImportedPrompt, here: dict[tuple[bool, str], object]) -> RowError | None:
    if not row.external_id:
        return None
    stored = here.get((row.is_pair, id_key(row.external_id)))
    responses = row.responses if row.is_pair else ()
    if stored is None or stored == _content(messages_hash(row.messages), responses):
        return None
    return RowError(
        row.line,
        "id",
        "E_CONFLICT",
        f'The id "{row.external_id}" is in this project with other content. Give the changed row a new id.',
    )


def _useless_gold(row: ImportedPrompt) -> RowError:
    message = "This project asks for rankings, which ask no gold pairs. Remove it, and the pair can be ranked."
    return RowError(row.line, "gold", "E_RANKING", message)


def _content(prompt_hash: str, responses: Iterable[Response | ImportedResponse]) -> object:
    return prompt_hash, frozenset((text_hash(response.text), response.source) for response in responses)


def _add_prompts(project: Project, hold: Project, rows: list[ImportedPrompt]) -> tuple[dict[str, Prompt], int]:
    """Return the batch's prompts by text hash, those that were not here created."""
    new = {}
    for row in rows:
        key = messages_hash(row.messages)
        own_id = "" if row.is_pair else row.external_id or ""
        if key not in new or own_id:
            new[key] = Prompt(
                project=hold,
                messages=[{"role": message.role, "content": message.content} for message in row.messages],
                text_hash=key,
                external_id=own_id,
                external_key=id_key(own_id),
                tags=list(row.tags),
                metadata={} if row.is_pair else dict(row.metadata),
            )
    alike = Prompt.objects.filter(project__in=[project, hold], text_hash__in=new)
    here = set(alike.values_list("text_hash", flat=True))
    Prompt.objects.bulk_create(prompt for key, prompt in new.items() if key not in here)
    return {prompt.text_hash: prompt for prompt in alike.all()}, len(new) - len(here)


def _add_responses(
    project: Project, hold: Project, rows: list[ImportedPrompt], prompts: dict[str, Prompt]
) -> tuple[dict[ResponseKey, int], int]:
    """Return the ids of the batch's responses by (prompt, text hash, source), those that were not here created."""
    new = {_response_key(prompts, row, response): response for row in rows for response in row.responses}
    alike = Response.objects.filter(prompt__in=prompts.values(), text_hash__in={key[1] for key in new})
    here = _response_ids(alike)
    Response.objects.bulk_create(
        Response(
            project=hold,
            prompt_id=key[0],
            text=response.text,
            source=response.source,
            text_hash=key[1],
            leak=first_leak(response.text, project.leak_phrases),
        )
        for key, response in new.items()
        if key not in here
    )
    return _response_ids(alike), len(new.keys() - here.keys())


def _response_ids(responses: QuerySet[Response]) -> dict[ResponseKey, int]:
    return {(row[1], row[2], row[3]): row[0] for row in responses.values_list("pk", "prompt_id", "text_hash", "source")}


def _response_key(prompts: dict[str, Prompt], row: ImportedPrompt, response: ImportedResponse) -> ResponseKey:
    return prompts[messages_hash(row.messages)].pk, text_hash(response.text), response.source


def _add_pairs(
    project: Project,
    hold: Project,
    rows: list[ImportedPrompt],
    prompts: dict[str, Prompt],
    responses: dict[ResponseKey, int],
) -> tuple[dict[PairKey, int], int]:
    """Return the ids of the batch's pairs by (first, second), those that were not here created."""
    new: dict[PairKey, Pair] = {}
    for row in rows:
        for ends in combinations(row.responses, 2):
            keys = sorted((_response_key(prompts, row, end) for end in ends), key=lambda key: responses[key])
            first, second = (responses[key] for key in keys)
            new.setdefault((first, second), _pair(project, row, keys, (first, second)))
    here = _pair_ids(new)
    fresh = [pair for ends, pair in new.items() if ends not in here]
    for pair in fresh:
        pair.project = hold
    Pair.objects.bulk_create(fresh)
    return _pair_ids(new), len(new.keys() - here.keys())


def _pair(project: Project, row: ImportedPrompt, keys: list[ResponseKey], ends: PairKey) -> Pair:
    ranked = project.asks_for_rankings  # together, so that chance draws the prompt as a whole
    identity = [] if ranked else [f"{text} {source}" for _, text, source in keys]
    place = shuffle_place(project.seed, messages_hash(row.messages), identity)
    own_id = row.external_id or "" if row.is_pair else ""
    audit = place < project.audit_share * 2**63
    return Pair(
        project=project,
        prompt_id=keys[0][0],
        first_id=ends[0],
        second_id=ends[1],
        external_id=own_id,
        external_key=id_key(own_id),
        shuffle=place,
        audit=audit,
        gold_outcome=_gold(row, keys[0]),
        gold_note=row.gold_note,
        open=not row.gold,
        overlap=project.audit_overlap if audit else project.overlap,
        metadata=dict(row.metadata) if row.is_pair else {},
    )


def _gold(row: ImportedPrompt, stored_first: ResponseKey) -> str:
    """Return the row's known answer in stored order."""
    shown_first = row.responses[0]
    swapped = stored_first[1:] != (text_hash(shown_first.text), shown_first.source)
    return OTHER_SIDE.get(row.gold, row.gold) if swapped else row.gold


def shuffle_place(seed: int, prompt_hash: str, response_keys: list[str]) -> int:
    """Return a pair's place in the project's random order, in [0, 2^63): a seeded hash of what it is made of."""
    identity = "\n".join([str(seed), prompt_hash, *sorted(response_keys)])
    return int.from_bytes(sha256(identity.encode()).digest()[:8]) >> 1


def _pair_ids(ends: Iterable[PairKey]) -> dict[PairKey, int]:
    firsts, seconds = ({pair[side] for pair in ends} for side in (0, 1))
    pairs = Pair.objects.filter(first__in=firsts, second__in=seconds)
    return {(first, second): pk for pk, first, second in pairs.values_list("pk", "first_id", "second_id")}


def _labelled(
    rows: list[ImportedPrompt],
    prompts: dict[str, Prompt],
    responses: dict[ResponseKey, int],
    pairs: dict[PairKey, int],
) -> list[Labelled]:
    labelled = []
    for row in rows:
        if row.labels:
            ends = [responses[_response_key(prompts, row, response)] for response in row.responses]
            pair_id = pairs[min(ends), max(ends)]
            labelled.append(Labelled(pair_id, in_stored_order=ends[0] < ends[1], labels=row.labels))
    return labelled
