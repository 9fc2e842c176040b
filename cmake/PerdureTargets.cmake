# How this tree's own libraries, programs and tests are compiled.

add_library(perdure_flags INTERFACE)
target_compile_options(perdure_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-unused-parameter)
if(PERDURE_SANITIZE)
  # CAF's headers bind null references on purpose: no null check under UBSan.
  add_compile_options(-fsanitize=${PERDURE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PERDURE_SANITIZE})
  if(PERDURE_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize=null,vptr -fno-sanitize-recover=undefined)
    add_link_options(-fno-sanitize=null,vptr)
  endif()
endif()

# perdure_library(entities machine.cpp ...): the static library perdure_entities, alias
# perdure::entities. Internal headers are included from the top of the tree ("entities/machine.h"),
# public ones as <perdure/...> from the folder's include/.
function(perdure_library name)
  add_library(perdure_${name} STATIC ${ARGN})
  add_library(perdure::${name} ALIAS perdure_${name})
  target_include_directories(perdure_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/include")
    target_include_directories(perdure_${name} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include")
  endif()
  target_link_libraries(perdure_${name} PRIVATE $<BUILD_INTERFACE:perdure_flags>)
endfunction()

# perdure_test(entities machine_test.cpp ...): the doctest program test_entities, each case a ctest.
function(perdure_test name)
  add_executable(test_${name} ${ARGN} "${PROJECT_SOURCE_DIR}/tests/main.cpp")
  target_link_libraries(test_${name} PRIVATE perdure_flags doctest::doctest)
  doctest_discover_tests(test_${name} PROPERTIES TIMEOUT 300)
endfunction()
