// The part of the C library that generated bindings use.
#pragma once
#include <stddef.h>

void *realloc(void *block, size_t size);
void free(void *block);
_Noreturn void abort(void);
