/* The floor of everything built on libtracecmd: every record of every CPU in order of time, and nothing done with it.
 * usage: tracecmd_loop TRACE.DAT */
#include <stdio.h>
#include <trace-cmd/trace-cmd.h>

static int count(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *data)
{
	(void)handle, (void)record, (void)cpu;
	++*(unsigned long *)data;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long records = 0;
	struct tracecmd_input *handle = argc == 2 ? tracecmd_open(argv[1], 0) : NULL;

	if (!handle)
		return 1;
	tracecmd_iterate_events(handle, NULL, 0, count, &records);
	printf("%lu records\n", records);
	tracecmd_close(handle);
	return 0;
}
