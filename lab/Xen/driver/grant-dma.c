// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * gnttab_dma_alloc_pages and gnttab_dma_free_pages for a kernel that was configured without them. Their text,
 * grant-dma.inc, is cut out of that kernel's grant-table.c. (Stubs would not do: the driver frees the pages that a
 * failed allocation never gave it, and so follows null pointers.)
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <xen/grant_table.h>
#include <xen/mem-reservation.h>
#include <xen/page.h>

/* The kernel's variable of this name is not exported. */
bool xen_scrub_pages = IS_ENABLED(CONFIG_XEN_SCRUB_PAGES_DEFAULT);

#include "grant-dma.inc"
