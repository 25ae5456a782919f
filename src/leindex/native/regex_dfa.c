/* The lazy DFA: each state is an ordered set of NFA states, made when the search first needs it.
 *
 * A transition is decided one byte late: the state after a byte says whether a match ended before that byte, so
 * that looks ahead (`$`, `\b`) see the byte they need. A state that meets a look it cannot decide yet keeps what it
 * was made from instead, to be followed anew once the next byte is known; only that keeps the order of preference
 * where looks stand in loops. What is known of the byte before is part of the state as its `kind`. Unicode word boundaries next to a byte beyond ASCII are decided
 * from the haystack at every visit (SLOW) instead of being part of the table. The cache is bounded: when it is full
 * it is emptied, and the search goes on. The design follows RE2's and Rust's regex-automata.
 */
#include "native.h"
#include "regex.h"

#define CACHE_LIMIT (24u << 20)
#define ACCELERATED_MAX 16

/* Entries of the transition table: an offset into the table, or marked. */
#define MARK 0x80000000u
#define IS_MATCH 0x40000000u
#define IS_FAST 0x20000000u /* the state stays where it is on all but a few bytes */
#define OFFSET 0x1FFFFFFFu
#define UNKNOWN MARK
#define DEAD (MARK | 1)
#define SLOW (MARK | 2)

enum { K_OTHER, K_WORD, K_LF, K_CR, K_EDGE, K_HIGH, KINDS };

typedef struct {
    uint32_t first, count; /* its NFA states, or roots if a look is pending: sets[first .. first + count] */
    uint8_t kind;          /* of the byte consumed last, where a pending look needs it */
    bool match, pending, fast_tried;
    uint8_t fast_count, fast[3];
} State;

struct Dfa {
    const Nfa *nfa;
    uint32_t shift; /* a row of the table has 1 << shift entries */
    State *states;
    uint32_t *sets, *table, *hash;
    size_t nstates, cap_states, nsets, cap_sets, cap_table, cap_hash;
    uint32_t starts[KINDS][2];
    uint8_t kinds[256];
    uint8_t sample[256]; /* a byte of each class */
    uint32_t decided;    /* looks that the byte consumed last decides alone */
    uint32_t accelerated, clears;
    /* scratch: ordered sets, marks of visited NFA states, whether a look was left undecided, a stack */
    uint32_t *list[3], *marks, generation, *stack;
    uint32_t len[3];
    bool pending;
    size_t cap_stack;
};

enum { ANEW, CLOSED, ROOTS }; /* the scratch sets: followed anew, of the next state, what that was made from */

static const uint32_t BEFORE_ONLY = BIT(LOOK_START_TEXT) | BIT(LOOK_START_LINE) | BIT(LOOK_WORD_START_HALF) |
                                    BIT(LOOK_ASCII_WORD_START_HALF);
static const uint32_t AFTER_ONLY =
    BIT(LOOK_END_TEXT) | BIT(LOOK_END_LINE) | BIT(LOOK_WORD_END_HALF) | BIT(LOOK_ASCII_WORD_END_HALF);

/* The looks that hold between bytes of these kinds, leaving out Unicode's next to K_HIGH. */
static uint32_t looks_between(uint8_t before, uint8_t after)
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
    d->accelerated = 0;
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

static uint32_t entry_of(const Dfa *d, uint32_t index)
{
    const State *s = &d->states[index];
    if (!s->count && !s->match)
        return DEAD;
    return index << d->shift | (s->match ? MARK | IS_MATCH : 0) | (s->fast_count ? MARK | IS_FAST : 0);
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
    size_t memory = (d->nstates + 1) * (width * 4 + sizeof(State) + 8) + (d->nsets + count) * 4;
    if (d->nstates && (memory > CACHE_LIMIT || d->nstates >= OFFSET >> d->shift))
        forget(d);
    if (d->nstates * 2 >= d->cap_hash && !rehash(d))
        return NONE;
    size_t at = hash_of(set, count, seed_of(kind, match, pending)) & (d->cap_hash - 1);
    for (; d->hash[at] != NONE; at = (at + 1) & (d->cap_hash - 1)) {
        const State *s = &d->states[d->hash[at]];
        if (s->count == count && s->kind == kind && s->match == match && s->pending == pending &&
            (!count || !memcmp(d->sets + s->first, set, count * sizeof *set)))
            return entry_of(d, d->hash[at]);
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
    return entry_of(d, (uint32_t)d->nstates++);
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

/* The entry after `state` on a byte (negative: the text's end), the looks between given. NONE without memory. */
static uint32_t step(Dfa *d, uint32_t state, int byte, uint32_t hold)
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
    uint32_t after = nfa->reverse ? looks_between(K_OTHER, kind) : looks_between(kind, K_OTHER);
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

/* The looks at a place between a state's last byte and the next byte (negative: none), and whether only the
 * haystack can tell. */
static uint32_t looks_ahead(const Dfa *d, const State *s, int byte, bool *slow)
{
    uint8_t kind = byte < 0 ? K_EDGE : d->kinds[byte];
    *slow = s->pending && (s->kind == K_HIGH || kind == K_HIGH);
    return d->nfa->reverse ? looks_between(kind, s->kind) : looks_between(s->kind, kind);
}

/* Fill in one entry of the table; returns it, SLOW where it cannot be kept, NONE without memory. */
static uint32_t transition(Dfa *d, uint32_t state, int byte)
{
    bool slow;
    uint32_t column = byte < 0 ? d->nfa->nclasses : d->nfa->classes[byte];
    uint32_t hold = looks_ahead(d, &d->states[state], byte, &slow);
    uint32_t clears = d->clears;
    uint32_t entry = slow ? SLOW : step(d, state, byte, hold);
    if (entry != NONE && clears == d->clears)
        d->table[((size_t)state << d->shift) + column] = entry;
    return entry;
}

/* A state that loops is looked at as a whole, once: if few bytes leave it, searching for those beats stepping. */
static void accelerate(Dfa *d, uint32_t state)
{
    if (d->states[state].fast_tried || d->states[state].match || d->accelerated >= ACCELERATED_MAX)
        return;
    d->states[state].fast_tried = true;
    d->accelerated++;
    uint32_t clears = d->clears, left = 0, self = state << d->shift;
    uint8_t bytes[3];
    for (int byte = 0; byte < 256; byte++) {
        uint32_t entry = d->table[self + d->nfa->classes[byte]];
        if (entry == UNKNOWN)
            entry = transition(d, state, byte);
        if (entry == NONE || d->clears != clears)
            return;
        if (entry == self)
            continue;
        if (left == 3)
            return;
        bytes[left++] = (uint8_t)byte;
    }
    if (!left)
        return;
    State *s = &d->states[state];
    s->fast_count = (uint8_t)left;
    memcpy(s->fast, bytes, left);
    for (uint32_t class = 0; class < d->nfa->nclasses; class++)
        if (d->table[self + class] == self)
            d->table[self + class] = entry_of(d, state);
}

/* The entry after a visit that the table cannot answer; NONE without memory. */
static uint32_t resolve(Dfa *d, const Hay *hay, uint32_t offset, size_t at, int byte, uint32_t entry)
{
    uint32_t state = offset >> d->shift;
    if (entry == UNKNOWN) {
        uint32_t clears = d->clears;
        entry = transition(d, state, byte);
        if (entry == offset && clears == d->clears) {
            accelerate(d, state);
            entry = clears == d->clears ? entry_of(d, state) : entry;
        }
    }
    return entry == SLOW ? step(d, state, byte, looks_at(hay, at, UINT32_MAX)) : entry;
}

static uint32_t start_entry(Dfa *d, int byte, bool anchored)
{
    uint8_t kind = byte < 0 ? K_EDGE : d->kinds[byte];
    uint32_t *start = &d->starts[kind][anchored];
    if (*start != NONE)
        return *start;
    uint32_t known = d->decided & (kind == K_HIGH ? ~LOOKS_UNICODE : UINT32_MAX);
    uint32_t hold = d->nfa->reverse ? looks_between(K_OTHER, kind) : looks_between(kind, K_OTHER);
    begin_set(d, CLOSED);
    if (!closure(d, CLOSED, anchored ? d->nfa->start : d->nfa->floating, known, hold))
        return NONE;
    uint32_t entry = intern(d, kind, false);
    return *start = entry;
}

int dfa_forward(Dfa *d, const Hay *hay, size_t start, size_t end, bool anchored, bool earliest, size_t *found)
{
    const uint8_t *data = hay->data, *classes = d->nfa->classes;
    int result = 0;
    size_t at = start;
    uint32_t state = start_entry(d, start ? data[start - 1] : -1, anchored), entry = state;
    if (entry == NONE)
        return NO_MEMORY;
    if (entry == DEAD)
        return 0;
    state = entry & OFFSET;
    for (;;) {
        const uint32_t *table = d->table;
        entry = 0;
        while (at < end) {
            entry = table[state + classes[data[at]]];
            if (entry & MARK)
                break;
            state = entry;
            at++;
        }
        if (at >= end)
            break;
        if (entry == UNKNOWN || entry == SLOW) {
            entry = resolve(d, hay, state, at, data[at], entry);
            if (entry == NONE)
                return NO_MEMORY;
        }
        if (entry == DEAD)
            return result;
        state = entry & OFFSET;
        if ((entry & (MARK | IS_MATCH)) == (MARK | IS_MATCH)) {
            *found = at;
            result = 1;
            if (earliest)
                return 1;
        }
        at++;
        if ((entry & (MARK | IS_FAST)) == (MARK | IS_FAST)) {
            const State *s = &d->states[state >> d->shift];
            at = bytes_find3(data, at, end, s->fast, s->fast_count);
        }
    }
    int byte = end < hay->len ? data[end] : -1;
    entry = d->table[state + (byte < 0 ? d->nfa->nclasses : classes[byte])];
    if (entry == UNKNOWN || entry == SLOW)
        entry = resolve(d, hay, state, end, byte, entry);
    if (entry == NONE)
        return NO_MEMORY;
    if (entry != DEAD && (entry & (MARK | IS_MATCH)) == (MARK | IS_MATCH)) {
        *found = end;
        result = 1;
    }
    return result;
}

int dfa_backward(Dfa *d, const Hay *hay, size_t start, size_t end, size_t *found)
{
    const uint8_t *data = hay->data;
    int result = 0;
    uint32_t entry = start_entry(d, end < hay->len ? data[end] : -1, true);
    for (size_t at = end; entry != NONE && entry != DEAD; at--) {
        /* Here data[at] has been consumed, and the entry says whether a match starts right after it. */
        if ((entry & (MARK | IS_MATCH)) == (MARK | IS_MATCH)) {
            *found = at + 1;
            result = 1;
        }
        uint32_t state = entry & OFFSET;
        int byte = at ? data[at - 1] : -1;
        entry = d->table[state + (byte < 0 ? d->nfa->nclasses : d->nfa->classes[byte])];
        if (entry == UNKNOWN || entry == SLOW)
            entry = resolve(d, hay, state, at, byte, entry);
        if (at == start) {
            if (entry != NONE && entry != DEAD && (entry & (MARK | IS_MATCH)) == (MARK | IS_MATCH)) {
                *found = start;
                result = 1;
            }
            break;
        }
    }
    return entry == NONE ? NO_MEMORY : result;
}
