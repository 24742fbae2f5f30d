// SPDX-License-Identifier: MIT
/*
 * x11.c - an X client that shares an image with its server (MIT-SHM), and
 * looks at the server's screen in shared memory.
 *
 *	x11-client SHMID-OF-THE-SCREEN
 */
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

enum { SIDE = 64, X = 30, Y = 40 };

static int failed;

static void ok(int good, const char *behaviour)
{
	printf("%s - %s\n", good ? "ok" : "not ok", behaviour);
	fflush(stdout);
	failed |= !good;
}

static unsigned long nattch(int id)
{
	struct shmid_ds ds;

	return shmctl(id, IPC_STAT, &ds) == 0 ? ds.shm_nattch : ~0UL;
}

static uint32_t colour(int x, int y)
{
	return (uint32_t)(x * 3 << 16 | y * 3 << 8 | (x ^ y));
}

static void paint(XImage *image)
{
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			XPutPixel(image, x, y, colour(x, y));
}

static int is_painted(XImage *image)
{
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			if ((XGetPixel(image, x, y) & 0xffffff) !=
			    colour(x, y))
				return 0;
	return 1;
}

static XImage *share(Display *display, XShmSegmentInfo *info)
{
	XImage *image = XShmCreateImage(display,
		DefaultVisual(display, DefaultScreen(display)),
		(unsigned)DefaultDepth(display, DefaultScreen(display)),
		ZPixmap, NULL, info, SIDE, SIDE);
	size_t size = (size_t)(image->bytes_per_line * image->height);

	info->shmid = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	info->shmaddr = image->data = shmat(info->shmid, NULL, 0);
	info->readOnly = False;
	ok(info->shmaddr != (char *)-1, "client_attaches");
	ok(XShmAttach(display, info) && XSync(display, False) &&
	   nattch(info->shmid) == 2, "server_attaches_the_clients_segment");
	return image;
}

/* The server writes an X window dump: a header in big-endian words, the
   colour map, then the pixels (X11/XWDFile.h). */
static int screen_shows(int shmid)
{
	uint32_t *dump = shmat(shmid, NULL, SHM_RDONLY);
	uint32_t header, line, colours;
	const char *pixels;
	int right = 1;

	if (dump == (void *)-1)
		return 0;
	header = __builtin_bswap32(dump[0]);
	line = __builtin_bswap32(dump[12]);
	colours = __builtin_bswap32(dump[19]);
	pixels = (const char *)dump + header + colours * 12;
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++) {
			uint32_t pixel;

			memcpy(&pixel, pixels + (uint32_t)(Y + y) * line +
			       (uint32_t)(X + x) * 4, 4);
			right &= (pixel & 0xffffff) == colour(x, y);
		}
	return shmdt(dump) == 0 && right;
}

static void draw(Display *display, XImage *image, int screen)
{
	Window root = DefaultRootWindow(display);
	GC gc = XCreateGC(display, root, 0, NULL);
	XImage *plain;

	paint(image);
	XShmPutImage(display, root, gc, image, 0, 0, X, Y, SIDE, SIDE, False);
	XSync(display, False);
	plain = XGetImage(display, root, X, Y, SIDE, SIDE, AllPlanes, ZPixmap);
	ok(plain && is_painted(plain), "server_reads_the_clients_memory");
	ok(screen_shows(screen), "client_reads_the_screen_in_shared_memory");

	memset(image->data, 0, (size_t)(image->bytes_per_line * SIDE));
	ok(XShmGetImage(display, root, image, X, Y, AllPlanes) &&
	   is_painted(image), "server_writes_the_clients_memory");
	XFreeGC(display, gc);
}

static void unshare_image(Display *display, XShmSegmentInfo *info)
{
	shmctl(info->shmid, IPC_RMID, NULL);
	ok(nattch(info->shmid) == 2, "removed_but_attached_by_both");
	XShmDetach(display, info);
	XSync(display, False);
	ok(nattch(info->shmid) == 1, "server_detaches");
	ok(shmdt(info->shmaddr) == 0 && nattch(info->shmid) == ~0UL,
	   "gone_with_the_last");
}

int main(int argc, char **argv)
{
	int screen = argc > 1 ? atoi(argv[1]) : -1;
	XShmSegmentInfo info;
	Display *display;

	alarm(60);
	display = XOpenDisplay(NULL);
	ok(display && XShmQueryExtension(display), "server_offers_MIT_SHM");
	if (failed)
		return 1;
	ok(nattch(screen) == 1, "server_holds_its_screen");
	draw(display, share(display, &info), screen);
	unshare_image(display, &info);
	XCloseDisplay(display);
	return failed;
}
