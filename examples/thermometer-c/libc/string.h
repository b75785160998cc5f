// The part of the C library that generated bindings use.
#pragma once
#include <stddef.h>

size_t strlen(const char *text);
void *memcpy(void *restrict target, const void *restrict source, size_t size);
