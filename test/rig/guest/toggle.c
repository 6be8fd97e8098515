/* Toggles one line as fast as the character device allows: what a program without Node reaches on this kernel.
 * usage: toggle CHIP OFFSET COUNT; prints toggles per second */
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct gpio_v2_line_request request;
	struct gpio_v2_line_values values = { .bits = 0, .mask = 1 };
	struct timespec from, to;
	long count;

	if (argc != 4)
		return 2;
	count = atol(argv[3]);
	memset(&request, 0, sizeof(request));
	request.offsets[0] = atoi(argv[2]);
	request.num_lines = 1;
	request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
	strcpy(request.consumer, "toggle.c");
	int chip = open(argv[1], O_RDWR);
	if (chip < 0 || ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) {
		perror("toggle");
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < count; i++) {
		values.bits ^= 1;
		if (ioctl(request.fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0) {
			perror("toggle");
			return 1;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	double seconds = (to.tv_sec - from.tv_sec) + (to.tv_nsec - from.tv_nsec) / 1e9;
	printf("%.0f\n", count / seconds);
	return 0;
}
