// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The kernel's gntdev-dmabuf.c with two changes, which let a PVH domain on x86 turn references into a buffer and map
 * that buffer.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <xen/grant_table.h>

/* 1. Xen refuses device mappings to domains that translate their own addresses, so none is asked for. */
#undef GNTMAP_device_map
#define GNTMAP_device_map 0

/* 2. What is exported gets an mmap operation. */
static struct dma_buf *export_with_mmap(struct dma_buf_export_info *info);
#define dma_buf_export export_with_mmap
#include "gntdev-dmabuf.c"
#undef dma_buf_export

/*
 * The foreign pages stay at the struct pages of the buffer until its release, and the mapping holds a reference to
 * the buffer's file, so they outlive the mapping. dma-buf has checked that offset and length are within the buffer.
 */
static int exp_ops_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	struct gntdev_dmabuf *buffer = dma_buf->priv;
	struct gntdev_grant_map *map = buffer->u.exp.map;

	/* A private mapping would be a copy, not the shared memory. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	/* What was asked for with a flag is one DMA allocation, and its later pages have no counts of their own. */
	if (map->dma_vaddr)
		return dma_mmap_attrs(map->dma_dev, vma, map->dma_vaddr, map->dma_bus_addr, dma_buf->size,
				      map->dma_flags & GNTDEV_DMA_FLAG_WC ? DMA_ATTR_WRITE_COMBINE : 0);
	/* As gntdev's own mmap does it; all pages now, because nothing is there to handle a fault. */
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_MIXEDMAP);
	return vm_map_pages(vma, buffer->pages, buffer->nr_pages);
}

static const struct dma_buf_ops exp_ops_with_mmap = {
	.attach = dmabuf_exp_ops_attach,
	.detach = dmabuf_exp_ops_detach,
	.map_dma_buf = dmabuf_exp_ops_map_dma_buf,
	.unmap_dma_buf = dmabuf_exp_ops_unmap_dma_buf,
	.mmap = exp_ops_mmap,
	.release = dmabuf_exp_ops_release,
};

static struct dma_buf *export_with_mmap(struct dma_buf_export_info *info)
{
	info->ops = &exp_ops_with_mmap;
	return dma_buf_export(info);
}
