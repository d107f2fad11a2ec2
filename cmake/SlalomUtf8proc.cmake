# SPDX-License-Identifier: Apache-2.0
# Finds utf8proc (libutf8proc-dev), which knows how wide characters are, as slalom::utf8proc. The build uses this file, and so does the
# installed package: Debian's utf8proc has no package file for CMake.
if(TARGET slalom::utf8proc)
  return()
endif()
find_path(SLALOM_UTF8PROC_INCLUDE utf8proc.h REQUIRED)
find_library(SLALOM_UTF8PROC_LIBRARY utf8proc REQUIRED)
mark_as_advanced(SLALOM_UTF8PROC_INCLUDE SLALOM_UTF8PROC_LIBRARY)
add_library(slalom::utf8proc INTERFACE IMPORTED)
target_include_directories(slalom::utf8proc SYSTEM INTERFACE "${SLALOM_UTF8PROC_INCLUDE}")
target_link_libraries(slalom::utf8proc INTERFACE "${SLALOM_UTF8PROC_LIBRARY}")
