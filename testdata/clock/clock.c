// A library to preload into a program of Go's: it sees another time of day than there
// is. Go asks the kernel's own library, the vDSO, past the C library; so before Go begins
// it is told that the vDSO is elsewhere, where a copy of its tables names the function
// below instead. Other clocks, by which Go waits and measures, stay as they are; so do
// the times that the kernel gives to files.
//
// LASTMILE_TEST_CLOCK says what the time of day is like:
//
//	jumps   every twentieth of a second it is off by hours, days or decades, to
//	        either side, and in some of them it stands still
//	stands  it is always the same moment of 2001
//	behind  it is nine years behind
//	ahead   it is nine years ahead
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef long (*clock_function)(clockid_t, struct timespec *);

static clock_function kernels;
static const char *what;
static uint64_t process;

enum { hour = 3600, year = 365 * 24 * hour };

static uint64_t mixed(uint64_t x) {
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static long seen(clockid_t clock, struct timespec *now) {
	static const int64_t off[] = {0, -3 * hour, 3 * hour, -40LL * year, 60LL * year, -26 * hour, -12LL * year, 20LL * year};
	long failed = kernels(clock, now);
	if (failed || clock != CLOCK_REALTIME)
		return failed;
	switch (*what) {
	case 's':
		now->tv_sec = 1000000000;
		now->tv_nsec = 0;
		break;
	case 'b':
		now->tv_sec -= 9LL * year;
		break;
	case 'a':
		now->tv_sec += 9LL * year;
		break;
	default: {
		uint64_t slot = (uint64_t)now->tv_sec * 20 + now->tv_nsec / 50000000;
		uint64_t r = mixed(slot ^ process << 48);
		if (r & 8)
			now->tv_nsec = 0;
		now->tv_sec += off[r & 7];
	}
	}
	return 0;
}

// table returns an entry of a dynamic section, as an address in the image at base.
static char *table(char *base, const ElfW(Dyn) *entries, ElfW(Sxword) tag) {
	for (; entries->d_tag != DT_NULL; entries++)
		if (entries->d_tag == tag)
			return base + entries->d_un.d_ptr;
	return NULL;
}

// copied returns a copy of the vDSO in which the clock's function is another. All other
// functions are still those of the vDSO itself.
static char *copied(char *vdso) {
	const ElfW(Ehdr) *header = (const void *)vdso;
	const ElfW(Phdr) *parts = (const void *)(vdso + header->e_phoff);
	size_t size = 0, dynamic = 0;
	for (int i = 0; i < header->e_phnum; i++) {
		if (parts[i].p_type == PT_LOAD && parts[i].p_vaddr == 0)
			size = parts[i].p_memsz;
		if (parts[i].p_type == PT_DYNAMIC)
			dynamic = parts[i].p_vaddr;
	}
	char *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!size || !dynamic || copy == MAP_FAILED)
		return NULL;
	memcpy(copy, vdso, size);
	const ElfW(Dyn) *entries = (const void *)(copy + dynamic);
	ElfW(Sym) *symbols = (void *)table(copy, entries, DT_SYMTAB);
	char *names = table(copy, entries, DT_STRTAB);
	if (!symbols || !names || (char *)symbols > names)
		return NULL;
	for (ElfW(Sym) *s = symbols + 1; (char *)(s + 1) <= names; s++) {
		const char *name = names + s->st_name;
		if (!strcmp(name, "__vdso_clock_gettime") || !strcmp(name, "__kernel_clock_gettime")) {
			kernels = (clock_function)(vdso + s->st_value);
			s->st_value = (uintptr_t)seen - (uintptr_t)copy;
		} else if (s->st_shndx != SHN_UNDEF) {
			s->st_value += (uintptr_t)vdso - (uintptr_t)copy;
		}
	}
	return kernels ? copy : NULL;
}

__attribute__((constructor)) static void begin(int argc, char **argv, char **environment) {
	(void)argc, (void)argv;
	what = getenv("LASTMILE_TEST_CLOCK");
	if (!what)
		return;
	process = getpid();
	// What the kernel tells a program lies behind its environment.
	while (*environment)
		environment++;
	for (ElfW(auxv_t) *told = (void *)(environment + 1); told->a_type != AT_NULL; told++)
		if (told->a_type == AT_SYSINFO_EHDR) {
			char *copy = copied((char *)told->a_un.a_val);
			if (copy)
				told->a_un.a_val = (uintptr_t)copy;
		}
}
