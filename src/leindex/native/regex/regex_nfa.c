/* From a serialized pattern to a Thompson NFA over bytes.
 *
 * A tree is compiled from its end: compile(node, next) returns the state that matches the node and goes on at
 * `next`, so nothing is patched later except loops. The order of alternatives is the order of preference.
 */
#include "native.h"
#include "regex/regex_nfa.h"

#define TRIE_MIN 3
#define TRIE_MAX_LEN 1000

enum { T_EMPTY, T_LITERAL, T_CLASS, T_BYTES, T_LOOK, T_REPEAT, T_CAPTURE, T_CONCAT, T_ALTERNATE };

typedef struct {
    Nfa *nfa;
    const uint32_t *end;
    bool captures;
    Status status;
} Builder;

/* A literal inside an alternation of literals. */
typedef struct {
    const uint8_t *bytes;
    uint32_t len;
} Word;

static uint32_t add(Builder *b, Inst inst)
{
    return nfa_add(b->nfa, inst, &b->status);
}

static uint32_t add_union(Builder *b, const uint32_t *targets, uint32_t count)
{
    return nfa_add_union(b->nfa, targets, count, &b->status);
}

/* The words that a node takes; 0 if the program is malformed. */
static const uint32_t *skip(const uint32_t *node, const uint32_t *end, int depth)
{
    if (node >= end || depth > 2000)
        return NULL;
    size_t left = (size_t)(end - node);
    uint32_t children = 0;
    size_t head = 2;
    switch (node[0]) {
    case T_EMPTY: return node + 1;
    case T_LITERAL: head = left < 2 ? left + 1 : 2 + ((size_t)node[1] + 3) / 4; break;
    case T_CLASS:
    case T_BYTES: head = left < 2 ? left + 1 : 2 + 2 * (size_t)node[1]; break;
    case T_LOOK: break;
    case T_REPEAT: head = 4; children = 1; break;
    case T_CAPTURE: children = 1; break;
    case T_CONCAT:
    case T_ALTERNATE: children = left < 2 ? 0 : node[1]; break;
    default: return NULL;
    }
    if (head > left)
        return NULL;
    node += head;
    while (children-- && node)
        node = skip(node, end, depth + 1);
    return node;
}

/* Whether the pairs of a class are in order, apart from each other and below a limit. */
static bool in_order(const uint32_t *pairs, uint32_t count, uint32_t limit)
{
    for (uint32_t i = 0; i < count; i++)
        if (pairs[2 * i] > pairs[2 * i + 1] || pairs[2 * i + 1] >= limit || (i && pairs[2 * i] <= pairs[2 * i - 1]))
            return false;
    return true;
}

/* Whether classes and looks are what compiling takes for granted; the nodes stand one behind the other, and skip() has
 * found each within the words. */
static bool is_sound(const uint32_t *node, const uint32_t *end)
{
    while (node < end) {
        switch (node[0]) {
        case T_EMPTY: node += 1; continue;
        case T_LITERAL: node += 2 + ((size_t)node[1] + 3) / 4; continue;
        case T_CLASS:
        case T_BYTES:
            if (!in_order(node + 2, node[1], node[0] == T_CLASS ? 0x110000 : 256))
                return false;
            node += 2 + 2 * (size_t)node[1];
            continue;
        case T_LOOK:
            if (node[1] >= LOOK_COUNT)
                return false;
            break;
        case T_REPEAT: node += 2; break;
        }
        node += 2;
    }
    return true;
}

Status program_open(Program *program, const void *data, size_t size)
{
    const uint32_t *words = data;
    size_t count = size / 4;
    if (size % 4 || count < 8 || words[0] != 0x3167654C || words[7] > count - 8)
        return MALFORMED;
    bool exact = words[1] & PROGRAM_EXACT;
    if (words[2] == 0 || words[2] > count || (exact && words[6] == 0))
        return MALFORMED; /* the whole match is a group, and each takes a node */
    *program = (Program){.flags = words[1], .slots = words[2] * 2, .min_len = words[3],
                         .looks_before = words[4], .looks_after = words[5], .nliterals = words[6],
                         .literals = words + 8, .tree = words + 8 + words[7], .end = words + count};
    const uint32_t *at = program->literals;
    for (uint32_t i = 0; i < program->nliterals; i++) {
        size_t left = (size_t)(program->tree - at);
        if (!left || ((size_t)at[0] + 3) / 4 + 1 > left)
            return MALFORMED;
        at += 1 + (at[0] + 3) / 4;
    }
    bool whole = skip(program->tree, program->end, 0) == program->end;
    return whole && is_sound(program->tree, program->end) ? OK : MALFORMED;
}

static uint32_t compile(Builder *b, const uint32_t *node, uint32_t next);

static const uint32_t *after(const Builder *b, const uint32_t *node)
{
    return skip(node, b->end, 0);
}

/* Whether the node can match the empty string. */
static bool nullable(const Builder *b, const uint32_t *node)
{
    switch (node[0]) {
    case T_EMPTY:
    case T_LOOK: return true;
    case T_LITERAL: return node[1] == 0;
    case T_REPEAT: return node[1] == 0 || nullable(b, node + 4);
    case T_CAPTURE: return nullable(b, node + 2);
    case T_CONCAT:
    case T_ALTERNATE: {
        bool all = node[0] == T_CONCAT;
        const uint32_t *child = node + 2;
        for (uint32_t i = 0; i < node[1]; i++, child = after(b, child))
            if (nullable(b, child) != all)
                return !all;
        return all;
    }
    default: return false;
    }
}

static uint32_t compile_literal(Builder *b, const uint8_t *bytes, uint32_t len, uint32_t next)
{
    for (uint32_t i = 0; i < len && !b->status; i++) {
        uint8_t byte = b->nfa->reverse ? bytes[i] : bytes[len - 1 - i];
        next = add(b, (Inst){OP_BYTES, byte, byte, 0, next, 0});
    }
    return next;
}

static uint32_t split(Builder *b, uint32_t body, uint32_t next, bool greedy)
{
    return add(b, (Inst){OP_SPLIT, 0, 0, 0, greedy ? body : next, greedy ? next : body});
}

/* A node so many times in a row. One that adds no state changes nothing, however often it comes. */
static uint32_t compile_copies(Builder *b, const uint32_t *node, uint32_t count, uint32_t next)
{
    size_t states = 0;
    for (uint32_t i = 0; i < count && !b->status && b->nfa->ninsts != states; i++) {
        states = b->nfa->ninsts;
        next = compile(b, node, next);
    }
    return next;
}

static uint32_t compile_repeat(Builder *b, const uint32_t *node, uint32_t next)
{
    uint32_t low = node[1], high = node[2];
    bool greedy = node[3];
    const uint32_t *sub = node + 4;
    if (high == NONE) {
        /* A loop whose body may be empty is (x+)?, as x* would take the ways out in the wrong order. */
        bool plus = low > 0 || nullable(b, sub);
        uint32_t loop = split(b, 0, next, greedy);
        uint32_t body = b->status ? 0 : compile(b, sub, loop);
        if (b->status)
            return 0;
        Inst *inst = &b->nfa->insts[loop];
        *(greedy ? &inst->out : &inst->arg) = body;
        next = plus ? body : loop;
        if (low == 0 && plus)
            next = split(b, body, greedy ? inst->arg : inst->out, greedy);
        return low > 1 ? compile_copies(b, sub, low - 1, next) : next;
    }
    uint32_t done = next;
    for (uint32_t i = low; i < high && !b->status; i++) {
        size_t states = b->nfa->ninsts;
        uint32_t body = compile(b, sub, next);
        if (b->nfa->ninsts == states)
            break;
        next = split(b, body, done, greedy);
    }
    return compile_copies(b, sub, low, next);
}

/* Alternatives that are all literals share their beginnings. A literal that ends where others go on is a way out
 * of its own, between those before and after it in preference. */
static uint32_t compile_words(Builder *b, const Word *words, uint32_t count, uint32_t depth, uint32_t next)
{
    if (count == 1) {
        bool reverse = b->nfa->reverse;
        return compile_literal(b, words->bytes + (reverse ? 0 : depth), words->len - depth, next);
    }
    uint32_t *ways = malloc((size_t)count * 2 * sizeof *ways);
    Word *same = malloc((size_t)count * sizeof *same);
    Edge *edges = malloc(256 * sizeof *edges);
    uint32_t nways = 0, at = 0;
    if (!ways || !same || !edges)
        b->status = NO_MEMORY;
    while (at < count && !b->status) {
        uint32_t stop = at, nedges = 0;
        while (stop < count && words[stop].len > depth)
            stop++;
        uint32_t heads[256] = {0};
        for (uint32_t i = at; i < stop; i++)
            heads[words[i].bytes[b->nfa->reverse ? words[i].len - 1 - depth : depth]]++;
        for (int byte = 0; byte < 256 && !b->status; byte++) {
            if (!heads[byte])
                continue;
            uint32_t n = 0;
            for (uint32_t i = at; i < stop; i++)
                if (words[i].bytes[b->nfa->reverse ? words[i].len - 1 - depth : depth] == byte)
                    same[n++] = words[i];
            edges[nedges++] = (Edge){(uint8_t)byte, (uint8_t)byte, compile_words(b, same, n, depth + 1, next)};
        }
        if (nedges && !b->status)
            ways[nways++] = nfa_add_edges(b->nfa, edges, nedges, &b->status);
        for (at = stop; at < count && words[at].len == depth; at++)
            if (at == stop)
                ways[nways++] = next;
    }
    uint32_t result = b->status ? 0 : add_union(b, ways, nways);
    free(ways);
    free(same);
    free(edges);
    return result;
}

static bool all_words(const Builder *b, const uint32_t *node)
{
    const uint32_t *child = node + 2;
    for (uint32_t i = 0; i < node[1]; i++, child = after(b, child))
        if (child[0] != T_LITERAL || child[1] > TRIE_MAX_LEN)
            return false;
    return node[1] >= TRIE_MIN;
}

static uint32_t compile_alternate(Builder *b, const uint32_t *node, uint32_t next)
{
    uint32_t count = node[1], result = 0;
    const uint32_t *child = node + 2;
    if (all_words(b, node)) {
        Word *words = malloc((size_t)count * sizeof *words);
        if (!words) {
            b->status = NO_MEMORY;
            return 0;
        }
        for (uint32_t i = 0; i < count; i++, child = after(b, child))
            words[i] = (Word){(const uint8_t *)(child + 2), child[1]};
        result = compile_words(b, words, count, 0, next);
        free(words);
        return result;
    }
    uint32_t *ways = malloc(((size_t)count + 1) * sizeof *ways);
    if (!ways) {
        b->status = NO_MEMORY;
        return 0;
    }
    for (uint32_t i = 0; i < count && !b->status; i++, child = after(b, child))
        ways[i] = compile(b, child, next);
    if (!b->status)
        result = count ? add_union(b, ways, count) : add(b, (Inst){.op = OP_FAIL});
    free(ways);
    return result;
}

static uint32_t compile_concat(Builder *b, const uint32_t *node, uint32_t next)
{
    uint32_t count = node[1];
    const uint32_t **parts = malloc(((size_t)count + 1) * sizeof *parts);
    if (!parts) {
        b->status = NO_MEMORY;
        return 0;
    }
    const uint32_t *child = node + 2;
    for (uint32_t i = 0; i < count; i++, child = after(b, child))
        parts[i] = child;
    for (uint32_t i = 0; i < count && !b->status; i++)
        next = compile(b, parts[b->nfa->reverse ? i : count - 1 - i], next);
    free(parts);
    return next;
}

static uint32_t compile_bytes(Builder *b, const uint32_t *node, uint32_t next)
{
    Edge edges[256];
    uint32_t count = node[1] < 128 ? node[1] : 128;
    for (uint32_t i = 0; i < count; i++)
        edges[i] = (Edge){(uint8_t)node[2 + 2 * i], (uint8_t)node[3 + 2 * i], next};
    return count ? nfa_add_edges(b->nfa, edges, count, &b->status) : add(b, (Inst){.op = OP_FAIL});
}

static uint32_t compile(Builder *b, const uint32_t *node, uint32_t next)
{
    if (b->status)
        return 0;
    switch (node[0]) {
    case T_LITERAL: return compile_literal(b, (const uint8_t *)(node + 2), node[1], next);
    case T_CLASS:
        return node[1] ? utf8_compile(b->nfa, node + 2, node[1], next, &b->status) : add(b, (Inst){.op = OP_FAIL});
    case T_BYTES: return compile_bytes(b, node, next);
    case T_LOOK:
        b->nfa->looks |= BIT(node[1] % LOOK_COUNT);
        return add(b, (Inst){OP_LOOK, (uint8_t)(node[1] % LOOK_COUNT), 0, 0, next, 0});
    case T_REPEAT: return compile_repeat(b, node, next);
    case T_CAPTURE:
        if (!b->captures)
            return compile(b, node + 2, next);
        next = add(b, (Inst){OP_SAVE, 0, 0, 0, next, node[1] * 2 + 1});
        next = compile(b, node + 2, next);
        return add(b, (Inst){OP_SAVE, 0, 0, 0, next, node[1] * 2});
    case T_CONCAT: return compile_concat(b, node, next);
    case T_ALTERNATE: return compile_alternate(b, node, next);
    default: return next;
    }
}

static void mark_range(bool *ends, uint8_t lo, uint8_t hi)
{
    if (lo)
        ends[lo - 1] = true;
    ends[hi] = true;
}

/* Bytes between two ends that no state or look tells apart. */
static void find_classes(Nfa *nfa)
{
    bool ends[256] = {false};
    for (size_t i = 0; i < nfa->ninsts; i++)
        if (nfa->insts[i].op == OP_BYTES)
            mark_range(ends, nfa->insts[i].lo, nfa->insts[i].hi);
    for (size_t i = 0; i < nfa->nedges; i++)
        mark_range(ends, nfa->edges[i].lo, nfa->edges[i].hi);
    if (nfa->looks & LOOKS_LINE) {
        mark_range(ends, '\n', '\n');
        mark_range(ends, '\r', '\r');
    }
    if (nfa->looks & (LOOKS_UNICODE | LOOKS_ASCII_WORD)) {
        static const uint8_t word[] = {'0', '9', 'A', 'Z', '_', '_', 'a', 'z', 0, 127};
        for (size_t i = 0; i < sizeof word; i += 2)
            mark_range(ends, word[i], word[i + 1]);
    }
    uint32_t class = 0;
    for (int byte = 0; byte < 256; byte++) {
        nfa->classes[byte] = (uint8_t)class;
        class += ends[byte] && byte < 255;
    }
    nfa->nclasses = class + 1;
}

Status nfa_build(Nfa *nfa, const Program *program, bool reverse, bool captures)
{
    *nfa = (Nfa){.reverse = reverse};
    Builder b = {nfa, program->end, captures, OK};
    uint32_t match = add(&b, (Inst){.op = OP_MATCH});
    nfa->start = compile(&b, program->tree, match);
    if (!b.status) {
        nfa->floating = add(&b, (Inst){OP_SPLIT, 0, 0, 0, nfa->start, (uint32_t)nfa->ninsts + 1});
        add(&b, (Inst){OP_BYTES, 0, 255, 0, nfa->floating, 0});
    }
    if (b.status)
        nfa_free(nfa);
    else
        find_classes(nfa);
    return b.status;
}
