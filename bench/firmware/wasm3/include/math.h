/* Rust's compiler_builtins has the functions. */
#pragma once
#define NAN __builtin_nanf("")
#define INFINITY __builtin_inff()
#define isnan(number) __builtin_isnan(number)
#define signbit(number) __builtin_signbit(number)
#define FUNCTION(name) double name(double number); float name##f(float number)
FUNCTION(ceil);
FUNCTION(floor);
FUNCTION(trunc);
FUNCTION(rint);
FUNCTION(sqrt);
#undef FUNCTION
#define fabs(number) __builtin_fabs(number)
#define fabsf(number) __builtin_fabsf(number)
#define copysign(number, sign) __builtin_copysign(number, sign)
#define copysignf(number, sign) __builtin_copysignf(number, sign)
