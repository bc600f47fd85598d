/* The ESP8266's CPU from reset to main, and its trap handler, on QEMU's `sim` machine. Call0 ABI:
 * no register windows. l32r reaches only backwards: each address precedes its use. */

    .section .reset, "ax"       /* 0x50000000, where the CPU starts */
    .global reset
reset:
    j       1f
    .align  4
    .word   start
1:  l32r    a0, reset + 4
    jx      a0

    .section .vectors, "ax"     /* 0x40000000, the vector base after reset: one entry in 16 bytes */
vectors:
    .rept   8
    .align  16
    j       2f
    .endr
    .align  16
    .word   trapped
2:  l32r    a2, vectors + 128
    jx      a2

    .section .text.start, "ax"
    .align  4
    .literal_position
    .global start
start:
    movi    a1, stack_top
    movi    a0, 0
    wsr     a0, ps              /* leave exception mode, so that a trap records its address */
    rsync
    call0   main
    mov     a3, a2
    movi    a2, 1               /* exit */
    simcall

    .align  4
    .literal_position
trapped:
    rsr     a2, exccause
    rsr     a3, epc1
    rsr     a4, excvaddr
    movi    a1, trap_stack_top
    call0   trap                /* never returns */
