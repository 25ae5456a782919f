/* A list of numbers that grows: lines, places, offsets. */
#ifndef LEINDEX_NUMBERS_H
#define LEINDEX_NUMBERS_H

#include "native.h"

typedef struct {
    uint32_t *items;
    size_t count, capacity;
} Numbers;

/* Fails with -1 when memory ran out; what was there stays. */
static inline int push(Numbers *to, uint32_t item)
{
    if (to->count == to->capacity) {
        size_t capacity = to->capacity ? to->capacity * 2 : 64;
        uint32_t *items = realloc(to->items, capacity * sizeof *items);
        if (!items)
            return -1;
        to->items = items;
        to->capacity = capacity;
    }
    to->items[to->count++] = item;
    return 0;
}

#endif
