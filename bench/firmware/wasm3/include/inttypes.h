#pragma once
#include <stdint.h>
#define PRIi32 "i"
#define PRIu32 "u"
#define PRIi64 "lli"
#define PRIu64 "llu"
#define SCNi32 "i"
#define SCNu64 "llu"
