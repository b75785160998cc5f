/* What wasm3 takes from a C library; src/bin/wasm3.rs has most of it. Texts for people and numbers as text are left out. */
#pragma once
#include <stddef.h>
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
_Noreturn void abort(void);
static inline unsigned long strtoul(const char *text, char **end, int base) { return 0; }
static inline unsigned long long strtoull(const char *text, char **end, int base) { return 0; }
static inline float strtof(const char *text, char **end) { return 0; }
static inline double strtod(const char *text, char **end) { return 0; }
