/* The states of an NFA, as they are added: what compiling patterns and classes both stand on.
 *
 * The size limit counts memory as Rust's regex-automata does, so that about the same patterns are refused.
 */
#include "native.h"
#include "regex/regex_nfa.h"

#define SIZE_LIMIT (100u << 20)

static void *grow(void *items, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return items;
    size_t cap2 = *cap ? *cap * 2 : 64;
    if (cap2 < need)
        cap2 = need;
    void *bigger = realloc(items, cap2 * size);
    if (bigger)
        *cap = cap2;
    return bigger;
}

static bool too_large(const Nfa *nfa)
{
    return nfa->ninsts * 32 + nfa->nedges * 8 + nfa->ntargets * 4 > SIZE_LIMIT;
}

uint32_t nfa_add(Nfa *nfa, Inst inst, Status *status)
{
    Inst *insts = grow(nfa->insts, &nfa->cap_insts, nfa->ninsts + 1, sizeof *insts);
    if (!insts || too_large(nfa)) {
        nfa->insts = insts ? insts : nfa->insts;
        *status = insts ? TOO_LARGE : NO_MEMORY;
        return 0;
    }
    nfa->insts = insts;
    insts[nfa->ninsts] = inst;
    return (uint32_t)nfa->ninsts++;
}

uint32_t nfa_add_edges(Nfa *nfa, const Edge *edges, uint32_t count, Status *status)
{
    if (count == 1)
        return nfa_add(nfa, (Inst){OP_BYTES, edges->lo, edges->hi, 0, edges->out, 0}, status);
    Edge *all = grow(nfa->edges, &nfa->cap_edges, nfa->nedges + count, sizeof *all);
    if (!all) {
        *status = NO_MEMORY;
        return 0;
    }
    nfa->edges = all;
    memcpy(all + nfa->nedges, edges, count * sizeof *edges);
    uint32_t first = (uint32_t)nfa->nedges;
    nfa->nedges += count;
    return nfa_add(nfa, (Inst){OP_SPARSE, 0, 0, count, 0, first}, status);
}

uint32_t nfa_add_union(Nfa *nfa, const uint32_t *targets, uint32_t count, Status *status)
{
    if (count == 1)
        return targets[0];
    if (count == 2)
        return nfa_add(nfa, (Inst){OP_SPLIT, 0, 0, 0, targets[0], targets[1]}, status);
    uint32_t *all = grow(nfa->targets, &nfa->cap_targets, nfa->ntargets + count, sizeof *all);
    if (!all) {
        *status = NO_MEMORY;
        return 0;
    }
    nfa->targets = all;
    memcpy(all + nfa->ntargets, targets, count * sizeof *targets);
    uint32_t first = (uint32_t)nfa->ntargets;
    nfa->ntargets += count;
    return nfa_add(nfa, (Inst){OP_UNION, 0, 0, count, 0, first}, status);
}

void nfa_free(Nfa *nfa)
{
    free(nfa->insts);
    free(nfa->edges);
    free(nfa->targets);
    *nfa = (Nfa){0};
}
