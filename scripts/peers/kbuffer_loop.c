/* The floor of reading ring-buffer pages: libtraceevent's kbuffer over mapped pages, one CPU after the other.
 * usage: kbuffer_loop PLAIN-TRACE.DAT OFFSET SIZE [OFFSET SIZE]...   (as `trace-cmd convert` prints them) */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <traceevent/kbuffer.h>

enum { page_size = 4096 };

int main(int argc, char **argv)
{
	unsigned long records = 0;
	struct stat status;
	struct kbuffer *buffer = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	int file = argc > 3 ? open(argv[1], O_RDONLY) : -1;
	char *bytes;

	if (file < 0 || fstat(file, &status))
		return 1;
	bytes = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (bytes == MAP_FAILED)
		return 1;
	for (int i = 2; i + 1 < argc; i += 2) {
		unsigned long offset = strtoul(argv[i], NULL, 0), size = strtoul(argv[i + 1], NULL, 0);

		if (offset + size > (unsigned long)status.st_size)
			return 1;
		for (; size >= page_size; offset += page_size, size -= page_size) {
			unsigned long long time;

			if (kbuffer_load_subbuffer(buffer, bytes + offset))
				return 1;
			while (kbuffer_read_event(buffer, &time)) {
				records++;
				kbuffer_next_event(buffer, NULL);
			}
		}
	}
	printf("%lu records\n", records);
	return 0;
}
