"""Operations turn call chains into requests as data. Nothing here does any I/O."""
