# SPDX-License-Identifier: Apache-2.0
# The target tidy: clang-tidy over every C++ source of the library and the binary that this configuration compiles (with the CUDA
# backend its host side too; not device code, which clang-tidy 14 cannot read). It compiles nothing.
#
# The preset tidy puts each folder's sources into one (CMAKE_UNITY_BUILD): headers, in which most of the time goes, are read once a
# folder. What is compiled for several instruction sets is read for the baseline only.
find_program(SLALOM_RUN_CLANG_TIDY NAMES run-clang-tidy-14 run-clang-tidy)
mark_as_advanced(SLALOM_RUN_CLANG_TIDY)
if(SLALOM_RUN_CLANG_TIDY)
  add_custom_target(
    tidy
    COMMAND "${SLALOM_RUN_CLANG_TIDY}" -quiet -p "${PROJECT_BINARY_DIR}" "^(?!.*(linear|network|product)_avx).*[.](cpp|cxx)$"
    USES_TERMINAL
    COMMENT "Running clang-tidy"
    VERBATIM)
  if(TARGET slalom_event_headers)
    add_dependencies(tidy slalom_event_headers) # generated
  endif()
endif()
