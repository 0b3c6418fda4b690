package main

func calls(o *options) error { return nil }
