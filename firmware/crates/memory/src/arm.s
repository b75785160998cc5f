    .syntax unified
    .thumb
    .section .text.petiole_memory, "ax", %progbits

    @ void __aeabi_memcpy4(r0: to, r1: from, r2: bytes): both aligned to a word.
    .global __aeabi_memcpy4
    .global __aeabi_memcpy8
    .type __aeabi_memcpy4, %function
    .type __aeabi_memcpy8, %function
    .p2align 2
    .thumb_func
__aeabi_memcpy4:
    .thumb_func
__aeabi_memcpy8:
    subs r2, r2, #16
    blo 2f
    push {r4, r5, r6, lr}
1:
    ldmia r1!, {r3, r4, r5, r6}
    stmia r0!, {r3, r4, r5, r6}
    subs r2, r2, #16
    bhs 1b
    pop {r4, r5, r6, lr}
2:
    adds r2, r2, #12
    bmi 4f
3:
    ldr r3, [r1], #4
    str r3, [r0], #4
    subs r2, r2, #4
    bpl 3b
4:
    adds r2, r2, #4
    beq 6f
5:
    ldrb r3, [r1], #1
    strb r3, [r0], #1
    subs r2, r2, #1
    bne 5b
6:
    bx lr

    @ void *memcpy(r0: to, r1: from, r2: bytes). Single words may lie anywhere: the core reads and writes them unaligned.
    .global memcpy
    .global __aeabi_memcpy
    .type memcpy, %function
    .type __aeabi_memcpy, %function
    .p2align 2
    .thumb_func
memcpy:
    .thumb_func
__aeabi_memcpy:
    push {r0, lr}
    orr r3, r0, r1
    lsls r3, r3, #30
    bne 7f
    bl __aeabi_memcpy4
    pop {r0, pc}
7:
    subs r2, r2, #4
    bmi 9f
8:
    ldr r3, [r1], #4
    str r3, [r0], #4
    subs r2, r2, #4
    bpl 8b
9:
    bl 4b
    pop {r0, pc}

    @ void *memmove(r0: to, r1: from, r2: bytes): upwards unless the end of what is read would be overwritten first.
    .global memmove
    .global __aeabi_memmove
    .global __aeabi_memmove4
    .global __aeabi_memmove8
    .type memmove, %function
    .type __aeabi_memmove, %function
    .type __aeabi_memmove4, %function
    .type __aeabi_memmove8, %function
    .p2align 2
    .thumb_func
memmove:
    .thumb_func
__aeabi_memmove:
    .thumb_func
__aeabi_memmove4:
    .thumb_func
__aeabi_memmove8:
    subs r3, r0, r1
    cmp r3, r2
    bhs memcpy
    adds r3, r0, r2
    add r1, r1, r2
    subs r2, r2, #4
    bmi 11f
10:
    ldr r12, [r1, #-4]!
    str r12, [r3, #-4]!
    subs r2, r2, #4
    bpl 10b
11:
    adds r2, r2, #4
    beq 13f
12:
    ldrb r12, [r1, #-1]!
    strb r12, [r3, #-1]!
    subs r2, r2, #1
    bne 12b
13:
    bx lr

    @ void __aeabi_memset4(r0: to, r1: bytes, r2: byte): aligned to a word.
    .global __aeabi_memclr4
    .global __aeabi_memclr8
    .global __aeabi_memset4
    .global __aeabi_memset8
    .type __aeabi_memclr4, %function
    .type __aeabi_memclr8, %function
    .type __aeabi_memset4, %function
    .type __aeabi_memset8, %function
    .p2align 2
    .thumb_func
__aeabi_memclr4:
    .thumb_func
__aeabi_memclr8:
    movs r2, #0
    .thumb_func
__aeabi_memset4:
    .thumb_func
__aeabi_memset8:
    uxtb r2, r2
    orr r2, r2, r2, lsl #8
    orr r2, r2, r2, lsl #16
    mov r3, r2
    subs r1, r1, #8
    bmi 2f
1:
    strd r2, r3, [r0], #8
    subs r1, r1, #8
    bpl 1b
2:
    adds r1, r1, #8
    beq 4f
3:
    strb r2, [r0], #1
    subs r1, r1, #1
    bne 3b
4:
    bx lr
