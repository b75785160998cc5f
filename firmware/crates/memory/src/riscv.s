    .section .text.petiole_memory, "ax", @progbits

    # void *memmove(a0: to, a1: from, a2: bytes): upwards unless the end of what is read would be overwritten first.
    .global memmove
    .type memmove, @function
    .p2align 1
memmove:
    sub a3, a0, a1
    bgeu a3, a2, memcpy
    add a5, a0, a2
    add a1, a1, a2
    or a3, a5, a1
    andi a3, a3, 3
    bnez a3, 3f
    addi a2, a2, -4
    bltz a2, 2f
1:
    addi a1, a1, -4
    addi a5, a5, -4
    lw a3, 0(a1)
    sw a3, 0(a5)
    addi a2, a2, -4
    bgez a2, 1b
2:
    addi a2, a2, 4
3:
    beqz a2, 5f
4:
    addi a1, a1, -1
    addi a5, a5, -1
    lbu a3, 0(a1)
    sb a3, 0(a5)
    addi a2, a2, -1
    bnez a2, 4b
5:
    ret

    # void *memcpy(a0: to, a1: from, a2: bytes): never reads or writes a word unaligned, which some cores cannot.
    .global memcpy
    .type memcpy, @function
    .p2align 1
memcpy:
    mv a5, a0
    or a3, a0, a1
    andi a3, a3, 3
    beqz a3, 12f
    xor a3, a0, a1
    andi a3, a3, 3
    bnez a3, 17f
11:
    andi a3, a5, 3
    beqz a3, 12f
    beqz a2, 16f
    lbu a3, 0(a1)
    sb a3, 0(a5)
    addi a1, a1, 1
    addi a5, a5, 1
    addi a2, a2, -1
    j 11b
12:
    addi a2, a2, -32
    bltz a2, 14f
13:
    lw a3, 0(a1)
    lw a4, 4(a1)
    lw a6, 8(a1)
    lw a7, 12(a1)
    lw t0, 16(a1)
    lw t1, 20(a1)
    lw t2, 24(a1)
    lw t3, 28(a1)
    sw a3, 0(a5)
    sw a4, 4(a5)
    sw a6, 8(a5)
    sw a7, 12(a5)
    sw t0, 16(a5)
    sw t1, 20(a5)
    sw t2, 24(a5)
    sw t3, 28(a5)
    addi a1, a1, 32
    addi a5, a5, 32
    addi a2, a2, -32
    bgez a2, 13b
14:
    addi a2, a2, 16
    bltz a2, 10f
    lw a3, 0(a1)
    lw a4, 4(a1)
    lw a6, 8(a1)
    lw a7, 12(a1)
    sw a3, 0(a5)
    sw a4, 4(a5)
    sw a6, 8(a5)
    sw a7, 12(a5)
    addi a1, a1, 16
    addi a5, a5, 16
    addi a2, a2, -16
10:
    addi a2, a2, 12
    bltz a2, 19f
15:
    lw a3, 0(a1)
    sw a3, 0(a5)
    addi a1, a1, 4
    addi a5, a5, 4
    addi a2, a2, -4
    bgez a2, 15b
    j 19f
17:
    addi a2, a2, -4
    bltz a2, 19f
18:
    lbu a3, 0(a1)
    lbu a4, 1(a1)
    lbu a6, 2(a1)
    lbu a7, 3(a1)
    sb a3, 0(a5)
    sb a4, 1(a5)
    sb a6, 2(a5)
    sb a7, 3(a5)
    addi a1, a1, 4
    addi a5, a5, 4
    addi a2, a2, -4
    bgez a2, 18b
19:
    addi a2, a2, 4
    beqz a2, 16f
20:
    lbu a3, 0(a1)
    sb a3, 0(a5)
    addi a1, a1, 1
    addi a5, a5, 1
    addi a2, a2, -1
    bnez a2, 20b
16:
    ret

    # void *memset(a0: to, a1: byte, a2: bytes)
    .global memset
    .type memset, @function
    .p2align 1
memset:
    mv a5, a0
    andi a1, a1, 255
    slli a3, a1, 8
    or a1, a1, a3
    slli a3, a1, 16
    or a1, a1, a3
21:
    andi a3, a5, 3
    beqz a3, 22f
    beqz a2, 26f
    sb a1, 0(a5)
    addi a5, a5, 1
    addi a2, a2, -1
    j 21b
22:
    addi a2, a2, -32
    bltz a2, 24f
23:
    sw a1, 0(a5)
    sw a1, 4(a5)
    sw a1, 8(a5)
    sw a1, 12(a5)
    sw a1, 16(a5)
    sw a1, 20(a5)
    sw a1, 24(a5)
    sw a1, 28(a5)
    addi a5, a5, 32
    addi a2, a2, -32
    bgez a2, 23b
24:
    addi a2, a2, 28
    bltz a2, 28f
27:
    sw a1, 0(a5)
    addi a5, a5, 4
    addi a2, a2, -4
    bgez a2, 27b
28:
    addi a2, a2, 4
    beqz a2, 26f
25:
    sb a1, 0(a5)
    addi a5, a5, 1
    addi a2, a2, -1
    bnez a2, 25b
26:
    ret
