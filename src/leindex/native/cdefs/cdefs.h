/* The scanner of C: clex.c reads tokens and skips, cwords.c knows words, cdefs.c decides what the tokens define and
 * crows.c makes Python objects of it. Private to this folder: others call add_cdefs() of native.h.
 *
 * One way: crows.c calls cdefs.c, and that clex.c and cwords.c, which call neither each other nor back. */
#ifndef LEINDEX_CDEFS_H
#define LEINDEX_CDEFS_H

#include "native.h"

enum { MAX_NAME = 200 }; /* bytes of the longest name that is believed */

typedef enum {
    K_FUNCTION, K_STRUCT, K_UNION, K_ENUM, K_ENUMERATOR, K_FIELD, K_TYPE, K_VARIABLE, K_MACRO, K_COUNT
} Kind;

/* One definition, as offsets into the text. A struct without a name has `name == name_end`; `alias` is then the name
 * of the typedef or the variable that is declared with it, for what is inside. */
typedef struct {
    uint32_t start, end;
    uint32_t name, name_end;
    uint32_t alias, alias_end;
    int32_t owner; /* index of the definition around it, or -1 */
    uint8_t kind;
    uint8_t is_static;
} Def;

typedef enum { T_WORD, T_GROUP, T_INDEX, T_BODY, T_STAR, T_EQUALS, T_COMMA, T_COLON, T_TEXT, T_OTHER } TokenKind;

/* A span of the text that is one word; empty when there is none. */
typedef struct {
    uint32_t start, end;
} Span;

typedef struct {
    TokenKind kind;
    uint32_t start, end;
    Span first;          /* T_GROUP: the first word in the parentheses */
    Span second;         /* ... the last word of the second argument */
    Span pointed;        /* ... the word that a star of the first argument points to */
    uint8_t first_alone; /* ... the first argument is that word and nothing else */
    uint8_t pointed_call;/* ... a parenthesis follows the pointed word: a function that returns a pointer to one */
} Token;

typedef struct {
    const char *text;
    uint32_t at, end;
    Def *defs;
    uint32_t count, room;
    uint64_t wasted;   /* bytes read in vain, looking for a bracket's partner */
    int braces_broken; /* a body never ended: from now on bodies end at a brace in the first column */
    int failed;        /* out of memory */
} Reader;

typedef enum { D_OTHER, D_IF, D_ELSE, D_ENDIF } Directive;

int cd_is_word_start(unsigned char c);
int cd_is_word(unsigned char c);
/* Adds a definition; its index, or -1 when there is no memory. */
int32_t cd_add_def(Reader *r, Kind kind, Span name, uint32_t start, uint32_t end, int32_t owner);
/* To the next character that is no blank, comment or preprocessor line; 0 at the end of the text. */
int cd_skip_blank(Reader *r);
/* Past a preprocessor line; a macro definition is added. `at` is on the `#`. */
Directive cd_directive(Reader *r);
/* Past a string or a character constant; `at` is on the quote. */
void cd_skip_quoted(Reader *r);
/* Past `( ... )` or `[ ... ]`, telling what is inside; 0 when it is not closed (`at` is then one further). */
int cd_read_group(Reader *r, Token *token);
/* Past `{ ... }`; `at` is on the brace. */
void cd_skip_body(Reader *r);
/* The word at `at`, past it. */
Span cd_read_word(Reader *r);
/* Whether the text from `start` to `end` is this word. */
int cd_same(const Reader *r, uint32_t start, uint32_t end, const char *word);
/* Whether a token is one of these words (the last one is NULL), holds this part, begins with it. */
int cd_one_of(const Reader *r, const Token *t, const char *const *words);
int cd_holds(const Reader *r, const Token *t, const char *part);
int cd_begins(const Reader *r, const Token *t, const char *part);
/* Whether a word has capitals and no small letters, as macros do. */
int cd_capitals(const Reader *r, const Token *t);
/* Whether a word is an annotation (`__init`, `__attribute__`, ...) rather than a name. */
int cd_is_attribute(const Reader *r, const Token *t);
/* Adds every definition of the text to the reader; `failed` is set when there is no memory. */
void cd_read_definitions(Reader *r);

#endif
