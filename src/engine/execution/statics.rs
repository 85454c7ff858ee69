//! Objects that are statics. They are used through a copy, which each execution makes of its
//! own: so every execution begins with the initial value, and explorations that run at the
//! same time share nothing.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::Range;
use std::ptr::{drop_in_place, from_ref};
use std::sync::LazyLock;

/// An execution's copy of a static.
pub(super) struct Copied {
    /// Where the static lies, and how large it is.
    original: Range<usize>,
    copy: *const u8,
    _owned: Box<dyn Owned>,
}

trait Owned {}

/// A value in memory of its own.
struct Allocated<O: ?Sized> {
    value: *mut O,
    layout: Layout,
}

impl<O: ?Sized> Owned for Allocated<O> {}

impl<O: ?Sized> Drop for Allocated<O> {
    fn drop(&mut self) {
        let memory = self.value.cast();
        // SAFETY: `Copied::new` has made the value, and nothing else drops it. The memory was
        // allocated with that layout.
        unsafe {
            drop_in_place(self.value);
            dealloc(memory, self.layout);
        }
    }
}

/// Whether the object lies in a static.
pub(super) fn is_static(address: usize) -> bool {
    /// Where the variables of the program lie, and those of its libraries, in order.
    static VARIABLES: LazyLock<Vec<Range<usize>>> = LazyLock::new(images::variables);
    let after = VARIABLES.partition_point(|range| range.end <= address);
    VARIABLES
        .get(after)
        .is_some_and(|range| range.contains(&address))
}

impl Copied {
    /// A copy of an object.
    ///
    /// # Safety
    /// The object lies in a static, and is as the compiler has made it. The copy is not used
    /// any more when this is dropped.
    pub(super) unsafe fn new<O: ?Sized>(object: &O) -> (Self, &O) {
        let (from, layout) = (from_ref(object), Layout::for_value(object));
        // SAFETY: an object has a handle, so its size is not 0.
        let copy = unsafe { alloc(layout) };
        if copy.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: both are that large, and what a compiler has made can be made twice.
        unsafe {
            from.cast::<u8>()
                .copy_to_nonoverlapping(copy, layout.size())
        };
        let value = with_address(from, copy).cast_mut();
        let owned: Box<dyn Owned + '_> = Box::new(Allocated { value, layout });
        let copied = Self {
            original: range_of(object),
            copy,
            // SAFETY: what lies in a static lives for ever.
            _owned: unsafe { std::mem::transmute::<Box<dyn Owned + '_>, Box<dyn Owned>>(owned) },
        };
        // SAFETY: it lives as long as the caller says.
        (copied, unsafe { &*value })
    }

    /// Where the copy lies, if it is of the object that lies there.
    pub(super) fn copy(&self, object: &Range<usize>) -> Option<*const u8> {
        (self.original == *object).then_some(self.copy)
    }
}

/// Where it lies.
pub(super) fn range_of<O: ?Sized>(object: &O) -> Range<usize> {
    let start = from_ref(object).addr();
    start..start + size_of_val(object)
}

/// A pointer with the same metadata, if there is any, to that address.
pub(super) fn with_address<O: ?Sized>(mut pointer: *const O, address: *const u8) -> *const O {
    // SAFETY: the first word of any pointer is the address.
    unsafe { (&raw mut pointer).cast::<*const u8>().write(address) };
    pointer
}

mod images {
    use std::ops::Range;

    /// The writable segments of what is loaded.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    pub(super) fn variables() -> Vec<Range<usize>> {
        use std::ffi::{c_int, c_void};

        unsafe extern "C" fn add(
            image: *mut libc::dl_phdr_info,
            _size: usize,
            all: *mut c_void,
        ) -> c_int {
            // SAFETY: `dl_iterate_phdr` hands over the image, with so many headers, and what
            // it was given itself.
            let (image, all) = unsafe { (&*image, &mut *all.cast::<Vec<Range<usize>>>()) };
            // SAFETY: as above.
            let headers =
                unsafe { std::slice::from_raw_parts(image.dlpi_phdr, image.dlpi_phnum.into()) };
            for header in headers {
                if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W == 0 {
                    continue;
                }
                let start = (image.dlpi_addr + header.p_vaddr) as usize;
                all.push(start..start + header.p_memsz as usize);
            }
            0
        }

        let mut all: Vec<Range<usize>> = Vec::new();
        // SAFETY: `add` gets the list, and keeps no pointer to it.
        unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut all).cast()) };
        all.sort_by_key(|range| range.start);
        all
    }

    /// Not known here: a static is refused in the second execution that uses it.
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    pub(super) fn variables() -> Vec<Range<usize>> {
        Vec::new()
    }
}
