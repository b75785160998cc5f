// What generated bindings use of a C library, for a component of a few kilobytes.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A heap that hands out memory in a row and starts anew when all of it was given back, as it is between two calls.
#define HEAP_BYTES 1024

struct header {
    size_t size;
    size_t unused; // keeps blocks at multiples of 8
};

static _Alignas(8) uint8_t heap[HEAP_BYTES];
static size_t used, blocks;

void *realloc(void *block, size_t size)
{
    size_t needed = sizeof(struct header) + ((size + 7) & ~(size_t)7);
    if (size > HEAP_BYTES || needed > HEAP_BYTES - used)
        return NULL;
    struct header *header = (struct header *)&heap[used];
    header->size = size;
    used += needed;
    blocks++;
    if (block) {
        size_t old = ((struct header *)block - 1)->size;
        memcpy(header + 1, block, old < size ? old : size);
        free(block);
    }
    return header + 1;
}

void free(void *block)
{
    if (block && --blocks == 0)
        used = 0;
}

void abort(void)
{
    __builtin_trap();
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
    return __builtin_memcpy(target, source, size); // one instruction of WebAssembly
}
