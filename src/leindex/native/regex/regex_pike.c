/* The Pike VM: a simulation of the NFA that carries capture slots along (Pike, 1987; as told by Russ Cox).
 *
 * It costs time in proportion to text times pattern, so it only runs where a match is already known to start, and
 * only when its groups are asked for.
 */
#include "native.h"
#include "regex/regex.h"

typedef struct {
    uint32_t *order, count; /* states in order of preference */
    uint32_t *where;        /* state -> its index in order, if it is there */
    size_t *slots;          /* of the i-th in order: slots[i * n .. i * n + n] */
} Threads;

/* What is left to do in a closure: visit a state, or put a slot back. */
typedef struct {
    uint32_t id, slot; /* slot NONE: visit id */
    size_t old;
} Job;

struct Pike {
    const Nfa *nfa;
    uint32_t slots;
    Threads now, next;
    size_t *current;
    Job *jobs;
    size_t cap_jobs;
};

static bool threads_init(Threads *t, size_t states, uint32_t slots)
{
    t->order = malloc(states * sizeof *t->order);
    t->where = calloc(states, sizeof *t->where);
    t->slots = malloc(states * slots * sizeof *t->slots);
    return t->order && t->where && t->slots;
}

Pike *pike_new(const Nfa *nfa, uint32_t slots)
{
    Pike *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->nfa = nfa;
    p->slots = slots;
    p->cap_jobs = 256;
    p->jobs = malloc(p->cap_jobs * sizeof *p->jobs);
    p->current = malloc(slots * sizeof *p->current);
    bool fits = nfa->ninsts < SIZE_MAX / 16 / slots;
    if (!fits || !p->jobs || !p->current || !threads_init(&p->now, nfa->ninsts, slots) ||
        !threads_init(&p->next, nfa->ninsts, slots)) {
        pike_free(p);
        return NULL;
    }
    return p;
}

void pike_free(Pike *p)
{
    if (!p)
        return;
    void *parts[] = {p->now.order,  p->now.where,  p->now.slots, p->next.order,
                     p->next.where, p->next.slots, p->current,   p->jobs};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        free(parts[i]);
    free(p);
}

static bool push(Pike *p, size_t *depth, Job job)
{
    if (*depth == p->cap_jobs) {
        Job *more = realloc(p->jobs, p->cap_jobs * 2 * sizeof *more);
        if (!more)
            return false;
        p->jobs = more;
        p->cap_jobs *= 2;
    }
    p->jobs[(*depth)++] = job;
    return true;
}

static bool present(const Threads *t, uint32_t id)
{
    return t->where[id] < t->count && t->order[t->where[id]] == id;
}

/* Follow what `id` reaches without consuming at `at`, with p->current as the slots; add it all to `t`. */
static bool follow(Pike *p, Threads *t, uint32_t id, const Hay *hay, size_t at)
{
    size_t depth = 0;
    if (!push(p, &depth, (Job){id, NONE, 0}))
        return false;
    while (depth) {
        Job job = p->jobs[--depth];
        if (job.slot != NONE) {
            p->current[job.slot] = job.old;
            continue;
        }
        for (id = job.id; !present(t, id);) {
            const Inst *inst = &p->nfa->insts[id];
            t->where[id] = t->count;
            t->order[t->count++] = id;
            if (inst->op == OP_SPLIT) {
                if (!push(p, &depth, (Job){inst->arg, NONE, 0}))
                    return false;
                id = inst->out;
            } else if (inst->op == OP_UNION) {
                for (uint32_t i = inst->count - 1; i > 0; i--)
                    if (!push(p, &depth, (Job){p->nfa->targets[inst->arg + i], NONE, 0}))
                        return false;
                id = p->nfa->targets[inst->arg];
            } else if (inst->op == OP_LOOK) {
                if (!looks_at(hay, at, BIT(inst->lo)))
                    break;
                id = inst->out;
            } else if (inst->op == OP_SAVE) {
                if (inst->arg < p->slots) {
                    if (!push(p, &depth, (Job){0, inst->arg, p->current[inst->arg]}))
                        return false;
                    p->current[inst->arg] = at;
                }
                id = inst->out;
            } else {
                size_t *slots = t->slots + (size_t)t->where[id] * p->slots;
                memcpy(slots, p->current, p->slots * sizeof *slots);
                break;
            }
        }
    }
    return true;
}

static uint32_t successor(const Nfa *nfa, const Inst *inst, uint8_t byte)
{
    if (inst->op == OP_BYTES)
        return inst->lo <= byte && byte <= inst->hi ? inst->out : NONE;
    if (inst->op == OP_SPARSE)
        for (const Edge *e = nfa->edges + inst->arg, *end = e + inst->count; e < end && e->lo <= byte; e++)
            if (byte <= e->hi)
                return e->out;
    return NONE;
}

int pike_captures(Pike *p, const Hay *hay, size_t start, size_t end, size_t *slots)
{
    int result = 0;
    size_t width = p->slots * sizeof *slots;
    p->now.count = 0;
    for (uint32_t i = 0; i < p->slots; i++)
        p->current[i] = NOWHERE;
    p->current[0] = start;
    if (!follow(p, &p->now, p->nfa->start, hay, start))
        return NO_MEMORY;
    for (size_t at = start; p->now.count; at++) {
        p->next.count = 0;
        for (uint32_t i = 0; i < p->now.count; i++) {
            const Inst *inst = &p->nfa->insts[p->now.order[i]];
            const size_t *held = p->now.slots + (size_t)i * p->slots;
            if (inst->op == OP_MATCH) {
                memcpy(slots, held, width);
                slots[1] = at;
                result = 1;
                break; /* the rest is less preferred */
            }
            uint32_t out = at < end ? successor(p->nfa, inst, hay->data[at]) : NONE;
            if (out == NONE)
                continue;
            memcpy(p->current, held, width);
            if (!follow(p, &p->next, out, hay, at + 1))
                return NO_MEMORY;
        }
        if (at >= end)
            break;
        Threads swap = p->now;
        p->now = p->next;
        p->next = swap;
    }
    return result;
}
