/* What the two halves of the lazy DFA share: regex_states.c makes states, regex_dfa.c walks them. */
#ifndef LEINDEX_REGEX_DFA_H
#define LEINDEX_REGEX_DFA_H

#include "regex/regex.h"

#define FAST_MAX 16  /* states that are skipped from */
#define TRIES_MAX 64 /* states that are looked at to find those */

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
    uint8_t fast; /* one more than the number of the set of bytes that leave it */
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
    uint32_t nfast, tries, clears;
    ByteSet fast[FAST_MAX];
    /* scratch: ordered sets, marks of visited NFA states, whether a look was left undecided, a stack */
    uint32_t *list[3], *marks, generation, *stack;
    uint32_t len[3];
    bool pending;
    size_t cap_stack;
};

enum { ANEW, CLOSED, ROOTS }; /* the scratch sets: followed anew, of the next state, what that was made from */

/* The looks that hold between bytes of these kinds, leaving out Unicode's next to K_HIGH. */
uint32_t dfa_looks_between(uint8_t before, uint8_t after);
/* The table's entry for a state, by its index. */
uint32_t dfa_entry(const Dfa *dfa, uint32_t index);
/* Whether making another state might empty the cache. */
bool dfa_is_nearly_full(const Dfa *dfa);
/* The entry after a state on a byte (negative: the text's end), given the looks between. NONE without memory. */
uint32_t dfa_step(Dfa *dfa, uint32_t state, int byte, uint32_t hold);
/* The entry to begin with after this byte (negative: the text's start). NONE without memory. */
uint32_t dfa_start(Dfa *dfa, int byte, bool anchored);

#endif
