# Shared by lx106/ and rv32/: compiles the core, its tests and the application side for another
# instruction set, and runs the tests under QEMU. The including Makefile has set
#   NAME            folder of the target, and of its objects below out/
#   CROSS, SPECS    compiler and C library
#   TARGET          flags that an app is compiled with on that chip
#   FIGURES         flags that write the figures; may be empty
#   MACHINE         QEMU and its options
#   LINK, LIBRARIES how a program is linked
#   MACHINE_OBJECTS start-up and console of the machine; may be empty
#   TRAP_STATUS, TRAP_LINE  exit status of trap.elf, and a line that it must print
include ../flags.mk
OUT := ../out/$(NAME)
HANG_S := 240

CORE := $(sort $(wildcard ../../core/*.c))
SOURCE := $(sort $(wildcard ../../src/*.c))
TESTS := $(sort $(wildcard ../*.c))
HEADERS := $(wildcard ../../core/*.h ../*.h) Makefile ../target.mk ../flags.mk
APP_HEADERS := $(wildcard ../../src/*.h ../../virtual/shim/*.h)
GENERATED := ../out/vectors.h ../out/mgos_config.h
CORE_OBJECTS := $(CORE:../../core/%.c=$(OUT)/core/%.o)
SOURCE_OBJECTS := $(SOURCE:../../src/%.c=$(OUT)/src/%.o)
TEST_OBJECTS := $(TESTS:../%.c=$(OUT)/test/%.o)
COMPILE = $(CROSS)gcc $(SPECS) $(TARGET) $(UNION)

.PHONY: check generated host
check: $(OUT)/tests.elf $(OUT)/trap.elf $(SOURCE_OBJECTS) host
	@sh ../run.sh $(NAME) $(HANG_S) $(TRAP_STATUS) '$(TRAP_LINE)' $(MACHINE)

# Sequentially: both write below ../out.
host: generated
	@$(MAKE) --no-print-directory -s -C .. out/host.txt

generated:
	@$(MAKE) --no-print-directory -s -C .. out/vectors.h out/mgos_config.h

$(GENERATED): generated
	@:

$(OUT)/tests.elf: $(MACHINE_OBJECTS) $(CORE_OBJECTS) $(TEST_OBJECTS)
$(OUT)/trap.elf: $(OUT)/trap.o $(MACHINE_OBJECTS)
$(OUT)/%.elf:
	@$(LINK) -o $@ $(filter %.o,$^) $(LIBRARIES)

$(OUT)/core/%.o: ../../core/%.c $(HEADERS) | $(OUT)/core
	@$(COMPILE) $(FIGURES) -c -o $@ $<

# The app side against the virtual device's headers, for warnings that only the target shows.
$(OUT)/src/%.o: ../../src/%.c $(HEADERS) $(APP_HEADERS) ../out/mgos_config.h | $(OUT)/src
	@$(COMPILE) $(FIGURES) -I../../core -I../../virtual/shim -I../out -c -o $@ $<

$(OUT)/test/%.o: ../%.c $(HEADERS) ../out/vectors.h | $(OUT)/test
	@$(COMPILE) -Wno-overlength-strings -I../../core -I../out -c -o $@ $<

$(OUT)/%.o: %.c $(HEADERS) | $(OUT)
	@$(COMPILE) -I../../core -c -o $@ $<

$(OUT)/%.o: %.S Makefile | $(OUT)
	@$(CROSS)gcc -c -o $@ $<

$(OUT) $(OUT)/core $(OUT)/src $(OUT)/test:
	@mkdir -p $@
