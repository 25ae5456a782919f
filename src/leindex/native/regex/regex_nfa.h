/* What building an NFA is made of: regex_nfa.c compiles a pattern, with regex_utf8.c for its classes, and both add
 * states through regex_insts.c. Functions that fail set the status; their result then means nothing. */
#ifndef LEINDEX_REGEX_NFA_H
#define LEINDEX_REGEX_NFA_H

#include "regex/regex.h"

/* regex_insts.c: add a state; its number. */
uint32_t nfa_add(Nfa *nfa, Inst inst, Status *status);
uint32_t nfa_add_edges(Nfa *nfa, const Edge *edges, uint32_t count, Status *status);
/* A union of `count` targets, kept in order. */
uint32_t nfa_add_union(Nfa *nfa, const uint32_t *targets, uint32_t count, Status *status);

/* regex_utf8.c: the state that matches a character of a class (pairs of first and last) and goes on at `next`. */
uint32_t utf8_compile(Nfa *nfa, const uint32_t *ranges, uint32_t count, uint32_t next, Status *status);

#endif
