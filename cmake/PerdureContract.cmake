# perdure_contract(target cart.capnp ...): generates cart.perdure.h and cart.perdure.cpp at build
# time and adds them to the target, so that #include "cart.perdure.h" works in it and in what links
# to it. Contracts that are imported by relative paths are given to the same call. Give a contract
# to one target of a program only, a library that the others link to: its code must be there once.
#
#   perdure_contract(shop cart.capnp IMPORT_DIRS ../common)
#
# IMPORT_DIRS are searched for imports that begin with a slash. What is generated is built again
# when a contract, or one that it imports, changes.

find_program(PERDURE_CAPNP capnp DOC "The Cap'n Proto compiler" REQUIRED)

# The folder of perdure/contract.capnp, in this tree or installed.
find_path(PERDURE_CONTRACT_IMPORTS perdure/contract.capnp NO_DEFAULT_PATH REQUIRED PATHS
  "${CMAKE_CURRENT_LIST_DIR}/../entities/include"
  "${CMAKE_CURRENT_LIST_DIR}/../../../include"
  "${CMAKE_CURRENT_LIST_DIR}/../../../../include")
get_filename_component(PERDURE_CONTRACT_IMPORTS "${PERDURE_CONTRACT_IMPORTS}" ABSOLUTE)

# Sets `result` to the contracts that `file` imports, to any depth, as far as they are found.
function(perdure_contract_imports result file)
  set(seen "${file}")
  set(open "${file}")
  while(open)
    list(POP_FRONT open current)
    get_filename_component(folder "${current}" DIRECTORY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${current}")
    file(STRINGS "${current}" lines REGEX "import +\"")
    foreach(line IN LISTS lines)
      if(NOT line MATCHES "^[^#]*import +\"([^\"]+)\"")
        continue()
      endif()
      set(name "${CMAKE_MATCH_1}")
      if(name MATCHES "^/")
        list(TRANSFORM ARGN APPEND "${name}" OUTPUT_VARIABLE candidates)
      else()
        set(candidates "${folder}/${name}")
      endif()
      foreach(candidate IN LISTS candidates)
        get_filename_component(candidate "${candidate}" ABSOLUTE)
        if(EXISTS "${candidate}" AND NOT candidate IN_LIST seen)
          list(APPEND seen "${candidate}")
          list(APPEND open "${candidate}")
        endif()
      endforeach()
    endforeach()
  endwhile()
  set(${result} "${seen}" PARENT_SCOPE)
endfunction()

function(perdure_contract target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "IMPORT_DIRS")
  set(imports "${PERDURE_CONTRACT_IMPORTS}")
  foreach(folder IN LISTS arg_IMPORT_DIRS)
    get_filename_component(folder "${folder}" ABSOLUTE)
    list(APPEND imports "${folder}")
  endforeach()
  list(TRANSFORM imports PREPEND "-I" OUTPUT_VARIABLE import_flags)
  if(TARGET capnpc-perdure)
    set(plugin "$<TARGET_FILE:capnpc-perdure>")
    set(plugin_target capnpc-perdure)
  else()
    set(plugin "$<TARGET_FILE:perdure::capnpc-perdure>")
    set(plugin_target "")
  endif()
  set(binary_dir "${CMAKE_CURRENT_BINARY_DIR}/${target}.contracts")
  file(MAKE_DIRECTORY "${binary_dir}")

  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
    get_filename_component(file "${file}" ABSOLUTE)
    get_filename_component(folder "${file}" DIRECTORY)
    get_filename_component(stem "${file}" NAME_WLE)
    perdure_contract_imports(depends "${file}" ${imports})
    set(outputs "${binary_dir}/${stem}.perdure.h" "${binary_dir}/${stem}.perdure.cpp")
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND "${CMAKE_COMMAND}" -E env "PERDURE_CONTRACT_ROOT=${folder}"
              "${PERDURE_CAPNP}" compile ${import_flags} "--src-prefix=${folder}/"
              "-o${plugin}:${binary_dir}" "${file}"
      DEPENDS ${depends} ${plugin_target} "${plugin}"
      COMMENT "Generating ${stem}.perdure.h from ${stem}.capnp"
      VERBATIM)
    target_sources(${target} PRIVATE ${outputs})
  endforeach()
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${binary_dir}>")
endfunction()
