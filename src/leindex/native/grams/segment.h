/* Gram segments, shared by the files that build, read and expose them: see grams.c for the format. Private to this
 * folder: others call add_grams() and its like of native.h.
 *
 * One way: segment_read.c decodes; segment_build.c encodes and calls it for merging; postings.c answers from blocks;
 * grams.c is the builder as a type of Python and calls all three. gram_words.c stands alone.
 */
#ifndef LEINDEX_SEGMENT_H
#define LEINDEX_SEGMENT_H

#include "native.h"

/* A pair of key and document in one number, so that pairs sort by key and then by document. */
enum { DOCUMENT_BITS = 31, KEY_BITS = 33 };
#define DOCUMENT_MASK (((uint64_t)1 << DOCUMENT_BITS) - 1)
#define DOCUMENTS_MAX ((uint32_t)1 << DOCUMENT_BITS) /* of a segment; so sizes of bitmaps do not overflow */

/* What is asked of the capitals of a gram; see grams.c. */
enum { WITHOUT_CAPITALS = 1, WITH_CAPITALS = 2 };

typedef struct {
    uint64_t *pairs; /* key << DOCUMENT_BITS | document */
    uint8_t *payload;
    size_t used, capacity;
    uint32_t documents;
    uint64_t *seen; /* see add_text() */
    int with_payload;
} Builder;

typedef struct {
    uint8_t *data;
    size_t used, capacity;
} Buffer;

typedef struct {
    Buffer bytes;
    size_t *starts; /* of each block in bytes */
    uint32_t *first;
    size_t blocks, capacity;
} Blocks;

typedef struct {
    const uint8_t *p, *end;
    uint64_t key;
    uint32_t documents, entries, gram, count, length;
    int capitals; /* WITHOUT_CAPITALS or WITH_CAPITALS */
    const uint8_t *list;    /* of a longer list */
    const uint8_t *payload; /* or NULL */
    uint32_t single;        /* the document of a list of one */
    int with_payload;
} Cursor;

/* segment_build.c. Functions that can run out of memory return -1 then. */
int segment_reserve(Builder *b, size_t more);
long long segment_add_text(Builder *b, const uint8_t *text, size_t n);
int segment_add_block(Builder *b, Cursor *c, const int32_t *numbers, size_t known);
int segment_sort(Builder *b);
int segment_encode(Builder *b, size_t block_bytes, Blocks *out);
void segment_reset(Builder *b);
void segment_init(void);

/* segment_read.c */
uint32_t segment_checksum(const uint8_t *p, size_t n);
int segment_rice_parameter(uint32_t count, uint32_t documents);
int cursor_open(Cursor *c, const uint8_t *data, size_t n, int with_payload);
int cursor_next(Cursor *c);
int cursor_documents(const Cursor *c, uint32_t *out);

/* postings.c: raises ValueError for a damaged block; NULL. */
PyObject *segment_damaged(void);

#endif
