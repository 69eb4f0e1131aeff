// SPDX-License-Identifier: Apache-2.0
// Copies the text symbols that lie near given functions from /proc/kallsyms (read from stdin) to
// stdout. An address in a gap would be taken for a part of the function before it: a symbol of our
// own, symbols_left_out, starts each gap. Needs the symbols sorted by address, as the kernel has them.
//   thin_symbols FUNCTION... </proc/kallsyms
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR (256ull << 10)

struct symbol {
	unsigned long long address;
	char type;
	char name[128];
};

static struct symbol *symbols;
static size_t count, room;

static void read_symbols(void)
{
	char line[512];

	while (fgets(line, sizeof(line), stdin)) {
		struct symbol new;

		/* Modules' symbols have a fourth word; data symbols another type; __pfx_ is padding. */
		if (strchr(line, '[') || !memchr("tTwW", line[17], 4) ||
		    sscanf(line, "%llx %c %127s", &new.address, &new.type, new.name) != 3 ||
		    !strncmp(new.name, "__pfx_", 6))
			continue;
		if (count == room) {
			room = room ? 2 * room : 1 << 16;
			symbols = realloc(symbols, room * sizeof(*symbols));
			if (!symbols)
				exit(1);
		}
		symbols[count++] = new;
	}
}

int main(int arguments, char **names)
{
	unsigned long long *centres = calloc((size_t)arguments, sizeof(*centres));
	int found = 0, was_near = 0;

	if (!centres)
		return 1;
	read_symbols();
	for (size_t i = 0; i < count; i++)
		for (int name = 1; name < arguments && found < arguments; name++)
			if (!strcmp(symbols[i].name, names[name]))
				centres[found++] = symbols[i].address;
	for (size_t i = 0; i < count; i++) {
		int near = 0;

		for (int c = 0; c < found && !near; c++)
			near = symbols[i].address + NEAR >= centres[c] &&
			       symbols[i].address <= centres[c] + NEAR;
		if (near)
			printf("%016llx %c %s\n", symbols[i].address, symbols[i].type,
			       symbols[i].name);
		else if (was_near)
			printf("%016llx t symbols_left_out\n", symbols[i].address);
		was_near = near;
	}
	return found ? 0 : 1;
}
