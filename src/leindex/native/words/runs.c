/* The distinct runs of a text, so that each is split and stemmed once however often it occurs; and the sorting of
 * terms by their hashes. */
#include "words/words.h"

int runs_init(RunTable *table)
{
    table->capacity = 1024;
    table->used = 0;
    table->entries = calloc(table->capacity, sizeof(RunEntry));
    return table->entries ? 0 : -1;
}

void runs_free(RunTable *table) { free(table->entries); }

static uint32_t hash_raw(const uint8_t *at, size_t length)
{
    uint64_t hash = length * 0x9E3779B97F4A7C15u, word;
    for (; length >= 8; at += 8, length -= 8) {
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    for (word = 0; length > 0; length--)
        word = word << 8 | at[length - 1];
    hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
    return (uint32_t)(hash >> 32);
}

static int runs_grow(RunTable *table)
{
    size_t capacity = table->capacity * 4;
    RunEntry *entries = calloc(capacity, sizeof(RunEntry));
    if (!entries)
        return -1;
    for (size_t i = 0; i < table->capacity; i++) {
        if (!table->entries[i].at)
            continue;
        size_t slot = table->entries[i].hash & (capacity - 1);
        while (entries[slot].at)
            slot = (slot + 1) & (capacity - 1);
        entries[slot] = table->entries[i];
    }
    free(table->entries);
    table->entries = entries;
    table->capacity = capacity;
    return 0;
}

RunEntry *runs_entry(RunTable *table, const uint8_t *at, size_t length, int *fresh)
{
    uint32_t hash = hash_raw(at, length);
    size_t slot = hash & (table->capacity - 1);
    *fresh = 0;
    for (;; slot = (slot + 1) & (table->capacity - 1)) {
        RunEntry *entry = &table->entries[slot];
        if (!entry->at)
            break;
        if (entry->hash == hash && entry->length == length && memcmp(entry->at, at, length) == 0)
            return entry;
    }
    if (table->used * 2 >= table->capacity) {
        if (runs_grow(table) < 0)
            return NULL;
        for (slot = hash & (table->capacity - 1); table->entries[slot].at;)
            slot = (slot + 1) & (table->capacity - 1);
    }
    table->used++;
    *fresh = 1;
    table->entries[slot] = (RunEntry){at, (uint32_t)length, hash, 0};
    return &table->entries[slot];
}

void sort_by_upper_half(uint64_t *keys, uint64_t *spare, size_t count)
{
    for (int shift = 32; shift < 64; shift += 8) {
        size_t place[256] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++)
            place[keys[i] >> shift & 255]++;
        for (int b = 0; b < 256; b++) {
            size_t here = place[b];
            place[b] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            spare[place[keys[i] >> shift & 255]++] = keys[i];
        uint64_t *other = keys;
        keys = spare;
        spare = other;
    }
}
