"""Operations: call chains into requests, as data. No I/O anywhere here."""
