"""What people type and what JSON holds, turned into values of an entity's attributes."""
