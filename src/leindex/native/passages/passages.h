/* Passages of a text, and which of its runs may hold a query's terms. Private to this folder: others call
 * add_passages() and add_columns() of native.h.
 *
 * One way: passages.c calls cutting.c and filter.c, which call neither; columns.c stands alone. Words come from
 * words/words.h.
 */
#ifndef LEINDEX_PASSAGES_H
#define LEINDEX_PASSAGES_H

#include "numbers.h"
#include "words/words.h"

#define TERMS_MAX 64
#define NO_DEFINITION UINT32_MAX

/* ---- cutting.c ------------------------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *text;
    size_t size;
    Numbers lines;                      /* where each line starts */
    Numbers pieces, owners;             /* first line of each piece, from 0; the passage it belongs to */
    Numbers starts, ends, definitions;  /* of the passages: lines from 1, both included */
    Numbers open_ends, open_passages;   /* the definitions around the place where the sweep is */
    uint32_t at;                        /* the first line, from 1, that belongs to no piece yet */
} Cut;

/* Cuts `text` into passages; the definitions are in order of their first line, the longer of two first. Fails with -1
 * when memory ran out; `cut_free` releases what was made either way. */
int cut_text(Cut *cut, const uint32_t *starts, const uint32_t *ends, size_t count);
void cut_free(Cut *cut);

/* ---- filter.c -------------------------------------------------------------------------------------------------- */

/* Tells from its letters alone that a run holds none of some terms, which spares splitting and stemming most runs. */
typedef struct {
    uint64_t first, last, letters[256];
    uint8_t inside[256]; /* 1 for the characters of ASCII that runs consist of */
} TermFilter;

void filter_init(TermFilter *filter, const uint8_t *const *terms, const size_t *lengths, size_t count);
int filter_passes(const TermFilter *filter, const uint8_t *run, size_t length);

#endif
