/* A list of numbers that grows: lines, places, offsets; and the one such list that more than one file makes. It is in a
 * header so that push() is inlined into the loops that call it. */
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

/* Adds where each line of a text starts; an empty text has none. Fails with -1 when memory ran out or the text is too
 * long for its places to be numbers of 32 bits. */
static inline int push_line_starts(Numbers *to, const void *text, size_t size)
{
    const char *bytes = text;
    if (size > UINT32_MAX)
        return -1;
    for (size_t start = 0; start < size;) {
        if (push(to, (uint32_t)start) < 0)
            return -1;
        const char *end = memchr(bytes + start, '\n', size - start);
        start = end ? (size_t)(end - bytes) + 1 : size;
    }
    return 0;
}

#endif
