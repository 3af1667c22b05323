//! What is on the screen, character by character.
