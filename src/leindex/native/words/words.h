/* How text becomes terms: shared by the bag of words, the query, the passages and the paths.
 *
 * A *run* is a maximal stretch of identifier characters. expand_run() turns a run into its *terms*: the whole
 * identifier without its underscores, its parts, and neighbouring parts joined; all in lower case and stemmed.
 *
 * The folder's interface: passages/ and rank/ include it. One way: words.c and runs.c call neither each other nor
 * anything else of ours, and bag.c calls both.
 */
#ifndef LEINDEX_WORDS_H
#define LEINDEX_WORDS_H

#include "native.h"

#define RUN_MAX 96   /* a longer run is data (base64, hashes), not a word */
#define PARTS_MAX 24 /* parts of one run that are told apart */

enum { ROLE_WHOLE, ROLE_PART, ROLE_PAIR };

typedef void (*TermSink)(void *context, const uint8_t *term, size_t length, uint32_t hash, int role);

/* Where a reader of runs stands; start with position 0 and line 0. */
typedef struct {
    const uint8_t *text;
    size_t size, position;
    uint32_t line; /* newlines before `position` */
} Reader;

/* The next run: its length in bytes and its place in `start`; 0 at the end. Overlong runs are passed over. */
size_t next_run(Reader *reader, size_t *start);

/* Calls `sink` for each distinct term of a run, the whole identifier first. */
void expand_run(const uint8_t *run, size_t length, TermSink sink, void *context);

uint32_t hash_term(const uint8_t *term, size_t length);

/* A table of the distinct runs of a text. `value` is the caller's. */
typedef struct {
    const uint8_t *at;
    uint32_t length, hash;
    uint64_t value;
} RunEntry;

typedef struct {
    RunEntry *entries;
    size_t capacity, used; /* capacity is a power of two */
} RunTable;

int runs_init(RunTable *table);
void runs_free(RunTable *table);

/* The entry of a run, added with `fresh` set when it was not there; NULL when memory ran out. */
RunEntry *runs_entry(RunTable *table, const uint8_t *at, size_t length, int *fresh);

/* Sorts 64-bit keys by their upper 32 bits; `spare` has room for as many. The result is in `keys`. */
void sort_by_upper_half(uint64_t *keys, uint64_t *spare, size_t count);

#endif
