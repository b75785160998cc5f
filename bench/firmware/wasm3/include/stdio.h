/* Nothing is printed. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#define stderr 0
static inline int printf(const char *format, ...) { return 0; }
static inline int fprintf(int file, const char *format, ...) { return 0; }
static inline int sprintf(char *to, const char *format, ...) { return 0; }
static inline int snprintf(char *to, size_t size, const char *format, ...) { return 0; }
static inline int vsnprintf(char *to, size_t size, const char *format, va_list arguments) { return 0; }
