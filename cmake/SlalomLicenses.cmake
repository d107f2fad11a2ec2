# SPDX-License-Identifier: Apache-2.0
# Installs, beside the binary, the licences of what is part of it: in share/doc/slalom/licenses, one text a component. docs/licenses.md
# says what they are of. Texts are those that the components come with; a text that is not there fails the installation.
set(SLALOM_DEBIAN_DOC_DIR "/usr/share/doc" CACHE PATH "Folder with the copyright files of Debian's packages")
set(slalom_license_dir ${CMAKE_INSTALL_DOCDIR}/licenses)

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/docs/licenses.md" DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES "${SLALOM_D3_LICENSE}" DESTINATION ${slalom_license_dir})
install(FILES "${SLALOM_VEGA_LICENSE}" DESTINATION ${slalom_license_dir} RENAME vega.txt)

foreach(component cli11=libcli11-dev fmt=libfmt-dev nlohmann-json=nlohmann-json3-dev onnx=libonnx-dev protobuf=libprotobuf-dev
                  random123=librandom123-dev)
  string(REGEX MATCH "^([^=]+)=(.+)$" matched "${component}")
  install(FILES "${SLALOM_DEBIAN_DOC_DIR}/${CMAKE_MATCH_2}/copyright" DESTINATION ${slalom_license_dir} RENAME ${CMAKE_MATCH_1}.txt)
endforeach()

# QuickJS-ng's licence is the comment that each of its sources begins with.
set(slalom_quickjs_license "")
foreach(source quickjs.c dtoa.c libregexp.c libunicode.c)
  file(READ "${SLALOM_QUICKJS_DIR}/${source}" head LIMIT 4096)
  string(FIND "${head}" "*/" end)
  if(end EQUAL -1 OR NOT head MATCHES "^/\\*" OR NOT head MATCHES "Permission is hereby granted")
    message(FATAL_ERROR "${SLALOM_QUICKJS_DIR}/${source}: expected its licence in the comment at its beginning")
  endif()
  string(SUBSTRING "${head}" 0 ${end} comment)
  string(REGEX REPLACE "^/\\*\n?" "" comment "${comment}")
  string(REGEX REPLACE "(^|\n) \\* ?" "\\1" comment "${comment}")
  string(STRIP "${comment}" comment)
  string(APPEND slalom_quickjs_license "QuickJS-ng, ${source}:\n\n${comment}\n\n")
endforeach()
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/licenses/quickjs-ng.txt" CONTENT "${slalom_quickjs_license}" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/licenses/quickjs-ng.txt" DESTINATION ${slalom_license_dir})

# Arrow's libraries travel with the installation if they are those of the wheel.
if(SLALOM_ARROW_FROM_WHEEL)
  file(GLOB slalom_arrow_licenses "${SLALOM_PYARROW_DIR}/../pyarrow-*.dist-info/licenses")
  foreach(text LICENSE NOTICE)
    install(FILES "${slalom_arrow_licenses}/${text}.txt" DESTINATION ${slalom_license_dir} RENAME arrow-${text}.txt)
  endforeach()
endif()
