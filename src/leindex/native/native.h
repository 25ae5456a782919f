/* leindex._native: the hot loops, in C, each called with the GIL released.
 *
 * One file a concern; each adds its functions and types to the module from its own add_*(). The limited API of
 * Python 3.11 is used, so that one build serves every later version.
 *
 * This and numbers.h are below all folders, module.c above them. A folder has at most one header that others include
 * (words/words.h); its other headers are private to it and say which file calls which.
 */
#ifndef LEINDEX_NATIVE_H
#define LEINDEX_NATIVE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int add_files(PyObject *module);    /* files.c, folder.c: reading folders and files in bulk */
int add_grams(PyObject *module);    /* grams.c, segment*.c: gram extraction, building segments */
int add_postings(PyObject *module); /* postings.c: the documents in blocks of segments */
int add_gram_words(PyObject *module); /* gram_words.c: grams as words of text */
int add_regex(PyObject *module);    /* regex*.c: the matcher */
int add_lines(PyObject *module);    /* lines.c: counting lines, printing matching ones */
int add_cdefs(PyObject *module);    /* crows.c, cdefs.c, clex.c: definitions in C */
int add_cuses(PyObject *module);    /* cuses.c: calls and includes in C */
int add_words(PyObject *module);    /* words.c: text to terms */
int add_bag(PyObject *module);      /* bag.c: bags of words */
int add_passages(PyObject *module); /* passages.c, cutting.c, filter.c: passages, and terms in them */
int add_columns(PyObject *module);  /* columns.c: definitions and lines as columns */
int add_score(PyObject *module);    /* score.c: the best documents from posting lists */
int add_paths(PyObject *module);    /* paths.c: terms of paths */
int add_fuzzy(PyObject *module);    /* fuzzy.c: fuzzy file finding */
int add_pages(PyObject *module);    /* checked_vfs.c: checksums of SQLite's pages */
int add_fields(PyObject *module);   /* fields.c: a document's fields as JSON */

#endif
