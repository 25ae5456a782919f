/* The states of the lazy DFA: making, finding and forgetting them. regex_dfa.c says how the whole works. */
#include "native.h"
#include "regex/regex_dfa.h"

#define CACHE_LIMIT (24u << 20)

static const uint32_t BEFORE_ONLY = BIT(LOOK_START_TEXT) | BIT(LOOK_START_LINE) | BIT(LOOK_WORD_START_HALF) |
                                    BIT(LOOK_ASCII_WORD_START_HALF);
static const uint32_t AFTER_ONLY =
    BIT(LOOK_END_TEXT) | BIT(LOOK_END_LINE) | BIT(LOOK_WORD_END_HALF) | BIT(LOOK_ASCII_WORD_END_HALF);

uint32_t dfa_looks_between(uint8_t before, uint8_t after)
{
    bool b = before == K_WORD, a = after == K_WORD, high = before == K_HIGH || after == K_HIGH;
    uint32_t word = (b != a ? BIT(LOOK_WORD) : BIT(LOOK_NOT_WORD)) | (!b && a ? BIT(LOOK_WORD_START) : 0) |
                    (b && !a ? BIT(LOOK_WORD_END) : 0) | (!b ? BIT(LOOK_WORD_START_HALF) : 0) |
                    (!a ? BIT(LOOK_WORD_END_HALF) : 0);
    uint32_t hold = word << (LOOK_ASCII_WORD - LOOK_WORD) | (high ? 0 : word);
    if (before == K_EDGE)
        hold |= BIT(LOOK_START_TEXT);
    if (after == K_EDGE)
        hold |= BIT(LOOK_END_TEXT);
    if (before == K_EDGE || before == K_LF)
        hold |= BIT(LOOK_START_LINE) | BIT(LOOK_START_CRLF);
    if (before == K_CR && after != K_LF)
        hold |= BIT(LOOK_START_CRLF);
    if (after == K_EDGE || after == K_LF)
        hold |= BIT(LOOK_END_LINE);
    if (after == K_EDGE || after == K_CR || (after == K_LF && before != K_CR))
        hold |= BIT(LOOK_END_CRLF);
    return hold;
}

static void find_kinds(Dfa *d)
{
    uint32_t looks = d->nfa->looks;
    for (int byte = 0; byte < 256; byte++) {
        uint8_t kind = K_OTHER;
        bool word = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
                    (byte >= 'a' && byte <= 'z');
        if (byte == '\n' && looks & LOOKS_LINE)
            kind = K_LF;
        else if (byte == '\r' && looks & LOOKS_CRLF)
            kind = K_CR;
        else if (byte >= 128 && looks & LOOKS_UNICODE)
            kind = K_HIGH;
        else if (word && looks & (LOOKS_UNICODE | LOOKS_ASCII_WORD))
            kind = K_WORD;
        d->kinds[byte] = kind;
        d->sample[d->nfa->classes[byte]] = (uint8_t)byte;
    }
}

Dfa *dfa_new(const Nfa *nfa)
{
    Dfa *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->nfa = nfa;
    while ((1u << d->shift) < nfa->nclasses + 1)
        d->shift++;
    d->decided = nfa->reverse ? AFTER_ONLY : BEFORE_ONLY;
    d->cap_stack = 256;
    for (int i = ANEW; i <= ROOTS; i++)
        d->list[i] = malloc(nfa->ninsts * sizeof(uint32_t));
    d->marks = calloc(nfa->ninsts, sizeof(uint32_t));
    d->stack = malloc(d->cap_stack * sizeof(uint32_t));
    if (!d->list[ANEW] || !d->list[CLOSED] || !d->list[ROOTS] || !d->marks || !d->stack) {
        dfa_free(d);
        return NULL;
    }
    memset(d->starts, 0xFF, sizeof d->starts);
    find_kinds(d);
    return d;
}

void dfa_free(Dfa *d)
{
    if (!d)
        return;
    void *parts[] = {d->states,     d->sets,        d->table,       d->hash, d->list[ANEW],
                     d->list[CLOSED], d->list[ROOTS], d->marks, d->stack};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        free(parts[i]);
    free(d);
}

static bool push(Dfa *d, size_t *depth, uint32_t id)
{
    if (*depth == d->cap_stack) {
        uint32_t *more = realloc(d->stack, d->cap_stack * 2 * sizeof *more);
        if (!more)
            return false;
        d->stack = more;
        d->cap_stack *= 2;
    }
    d->stack[(*depth)++] = id;
    return true;
}

static void begin_set(Dfa *d, int which)
{
    d->len[which] = d->len[ROOTS] = 0;
    d->pending = false;
    if (++d->generation == 0) {
        memset(d->marks, 0, d->nfa->ninsts * sizeof(uint32_t));
        d->generation = 1;
    }
}

/* Add to the set what `id` reaches without consuming, in order of preference. Looks in `known` are decided by
 * `hold`; at others the set is left pending. */
static bool closure(Dfa *d, int which, uint32_t id, uint32_t known, uint32_t hold)
{
    const Nfa *nfa = d->nfa;
    size_t depth = 0;
    if (d->marks[id] == d->generation)
        return true;
    d->list[ROOTS][d->len[ROOTS]++] = id;
    if (!push(d, &depth, id))
        return false;
    while (depth) {
        id = d->stack[--depth];
        while (d->marks[id] != d->generation) {
            const Inst *inst = &nfa->insts[id];
            d->marks[id] = d->generation;
            if (inst->op == OP_SPLIT) {
                if (!push(d, &depth, inst->arg))
                    return false;
                id = inst->out;
            } else if (inst->op == OP_UNION) {
                for (uint32_t i = inst->count - 1; i > 0; i--)
                    if (!push(d, &depth, nfa->targets[inst->arg + i]))
                        return false;
                id = nfa->targets[inst->arg];
            } else if (inst->op == OP_SAVE || (inst->op == OP_LOOK && BIT(inst->lo) & known & hold)) {
                id = inst->out;
            } else {
                if (inst->op == OP_LOOK)
                    d->pending = d->pending || !(BIT(inst->lo) & known);
                else if (inst->op != OP_FAIL)
                    d->list[which][d->len[which]++] = id;
                break;
            }
        }
    }
    return true;
}

static void forget(Dfa *d)
{
    d->nstates = d->nsets = 0;
    d->nfast = d->tries = 0;
    d->clears++;
    memset(d->starts, 0xFF, sizeof d->starts);
    if (d->hash)
        memset(d->hash, 0xFF, d->cap_hash * sizeof *d->hash);
}

static bool reserve(void **items, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return true;
    size_t cap2 = *cap ? *cap * 2 : 32;
    if (cap2 < need)
        cap2 = need;
    void *more = realloc(*items, cap2 * size);
    if (!more)
        return false;
    *items = more;
    *cap = cap2;
    return true;
}

static uint32_t hash_of(const uint32_t *set, uint32_t count, uint32_t seed)
{
    uint32_t hash = seed * 2654435761u + count;
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ set[i]) * 16777619u ^ hash >> 17;
    return hash ^ hash >> 15;
}

static uint32_t seed_of(uint8_t kind, bool match, bool pending)
{
    return kind * 4u + match * 2u + pending;
}

static bool rehash(Dfa *d)
{
    size_t cap = d->cap_hash ? d->cap_hash * 2 : 256;
    uint32_t *hash = realloc(d->hash, cap * sizeof *hash);
    if (!hash)
        return false;
    memset(hash, 0xFF, cap * sizeof *hash);
    d->hash = hash;
    d->cap_hash = cap;
    for (uint32_t i = 0; i < d->nstates; i++) {
        const State *s = &d->states[i];
        size_t at = hash_of(d->sets + s->first, s->count, seed_of(s->kind, s->match, s->pending)) & (cap - 1);
        while (hash[at] != NONE)
            at = (at + 1) & (cap - 1);
        hash[at] = i;
    }
    return true;
}

uint32_t dfa_entry(const Dfa *d, uint32_t index)
{
    const State *s = &d->states[index];
    if (!s->count && !s->match)
        return DEAD;
    return index << d->shift | (s->match ? MARK | IS_MATCH : 0) | (s->fast ? MARK | IS_FAST : 0);
}

/* Whether there is no room for another state made of so many NFA states. */
static bool is_full(const Dfa *d, size_t count)
{
    size_t width = (size_t)1 << d->shift;
    size_t memory = (d->nstates + 1) * (width * 4 + sizeof(State) + 8) + (d->nsets + count) * 4;
    return memory > CACHE_LIMIT || d->nstates >= OFFSET >> d->shift;
}

bool dfa_is_nearly_full(const Dfa *d)
{
    return is_full(d, d->nfa->ninsts);
}

/* The entry of the state that the scratch sets describe; makes the state if it is new. NONE without memory. */
static uint32_t intern(Dfa *d, uint8_t kind, bool match)
{
    bool pending = d->pending;
    const uint32_t *set = d->list[pending ? ROOTS : CLOSED];
    uint32_t count = d->len[pending ? ROOTS : CLOSED];
    if (!pending)
        kind = K_OTHER;
    size_t width = (size_t)1 << d->shift;
    if (d->nstates && is_full(d, count))
        forget(d);
    if (d->nstates * 2 >= d->cap_hash && !rehash(d))
        return NONE;
    size_t at = hash_of(set, count, seed_of(kind, match, pending)) & (d->cap_hash - 1);
    for (; d->hash[at] != NONE; at = (at + 1) & (d->cap_hash - 1)) {
        const State *s = &d->states[d->hash[at]];
        if (s->count == count && s->kind == kind && s->match == match && s->pending == pending &&
            (!count || !memcmp(d->sets + s->first, set, count * sizeof *set)))
            return dfa_entry(d, d->hash[at]);
    }
    size_t cap_states = d->cap_states;
    if (!reserve((void **)&d->states, &cap_states, d->nstates + 1, sizeof(State)))
        return NONE;
    d->cap_states = cap_states;
    if (!reserve((void **)&d->sets, &d->cap_sets, d->nsets + count, 4) ||
        !reserve((void **)&d->table, &d->cap_table, (d->nstates + 1) * width, 4))
        return NONE;
    if (count)
        memcpy(d->sets + d->nsets, set, count * sizeof *set);
    d->states[d->nstates] =
        (State){.first = (uint32_t)d->nsets, .count = count, .kind = kind, .match = match, .pending = pending};
    d->nsets += count;
    for (size_t i = 0; i < width; i++)
        d->table[d->nstates * width + i] = UNKNOWN;
    d->hash[at] = (uint32_t)d->nstates;
    return dfa_entry(d, (uint32_t)d->nstates++);
}

/* The NFA state that `id` goes to on a byte, or NONE. */
static uint32_t successor(const Nfa *nfa, const Inst *inst, uint8_t byte)
{
    if (inst->op == OP_BYTES)
        return inst->lo <= byte && byte <= inst->hi ? inst->out : NONE;
    if (inst->op != OP_SPARSE)
        return NONE;
    const Edge *edges = nfa->edges + inst->arg;
    uint32_t low = 0, high = inst->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (edges[middle].hi < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low < inst->count && edges[low].lo <= byte ? edges[low].out : NONE;
}

uint32_t dfa_step(Dfa *d, uint32_t state, int byte, uint32_t hold)
{
    const Nfa *nfa = d->nfa;
    const State *s = &d->states[state];
    const uint32_t *set = d->sets + s->first;
    uint32_t count = s->count;
    if (s->pending) {
        begin_set(d, ANEW);
        for (uint32_t i = 0; i < count; i++)
            if (!closure(d, ANEW, set[i], UINT32_MAX, hold))
                return NONE;
        set = d->list[ANEW];
        count = d->len[ANEW];
    }
    begin_set(d, CLOSED);
    uint8_t kind = byte < 0 ? K_EDGE : d->kinds[byte];
    uint32_t known = d->decided & (kind == K_HIGH ? ~LOOKS_UNICODE : UINT32_MAX);
    uint32_t after = nfa->reverse ? dfa_looks_between(K_OTHER, kind) : dfa_looks_between(kind, K_OTHER);
    bool match = false;
    for (uint32_t i = 0; i < count; i++) {
        const Inst *inst = &nfa->insts[set[i]];
        if (inst->op == OP_MATCH) {
            match = true;
            if (!nfa->reverse)
                break; /* what follows is less preferred than the match */
            continue;
        }
        uint32_t next = byte < 0 ? NONE : successor(nfa, inst, (uint8_t)byte);
        if (next != NONE && !closure(d, CLOSED, next, known, after))
            return NONE;
    }
    return intern(d, kind, match);
}

uint32_t dfa_start(Dfa *d, int byte, bool anchored)
{
    uint8_t kind = byte < 0 ? K_EDGE : d->kinds[byte];
    uint32_t *start = &d->starts[kind][anchored];
    if (*start != NONE)
        return *start;
    uint32_t known = d->decided & (kind == K_HIGH ? ~LOOKS_UNICODE : UINT32_MAX);
    uint32_t hold = d->nfa->reverse ? dfa_looks_between(K_OTHER, kind) : dfa_looks_between(kind, K_OTHER);
    begin_set(d, CLOSED);
    if (!closure(d, CLOSED, anchored ? d->nfa->start : d->nfa->floating, known, hold))
        return NONE;
    uint32_t entry = intern(d, kind, false);
    return *start = entry;
}
