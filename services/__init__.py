"""Qingfeng's services; they meet in topics and in `schemas`, never in each other's code."""
